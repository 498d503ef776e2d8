namespace OrderMall.Postgres;

/// <summary>
/// A log file that keeps at most twice <paramref name="limit"/> bytes: when it is full it becomes
/// <c>NAME.old</c>, in place of the one before, and a new one begins. Remembers its last lines. What cannot be written,
/// as on a full disk, is left out: who writes a log must not end over it.
/// </summary>
/// <param name="also">Receives every line too.</param>
internal sealed class BoundedLog(string path, long limit = 8 << 20, Action<string>? also = null) : IDisposable
{
    private const int Remembered = 20;
    private readonly Lock _gate = new();
    private readonly Queue<string> _last = new();
    private StreamWriter? _writer = Open(path);
    private bool _disposed;

    public string LastLines
    {
        get
        {
            lock (_gate)
                return string.Join(Environment.NewLine, _last);
        }
    }

    /// <summary>Writes one line and flushes it. What comes after <see cref="Dispose"/> is dropped.</summary>
    public void WriteLine(string line)
    {
        lock (_gate)
        {
            if (_disposed)
                return;
            also?.Invoke(line);
            _last.Enqueue(line);
            if (_last.Count > Remembered)
                _last.Dequeue();
            try
            {
                _writer ??= Open(path);
                _writer.WriteLine(line);
                if (_writer.BaseStream.Length < limit)
                    return;
                _writer.Dispose();
                _writer = null;
                File.Move(path, path + ".old", overwrite: true);
            }
            catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
            {
            }
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _writer?.Dispose();
            _disposed = true;
        }
    }

    // Without a buffer, which would keep what could not be written and fail again when it is closed.
    private static StreamWriter Open(string path) =>
        new(PrivateFile.Open(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0)) { AutoFlush = true };
}
