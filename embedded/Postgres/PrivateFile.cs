namespace OrderMall.Postgres;

/// <summary>Files and folders that are for their owner alone, from the moment that they are there.</summary>
internal static class PrivateFile
{
    private const UnixFileMode OfFiles = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode OfFolders = OfFiles | UnixFileMode.UserExecute;

    /// <summary>Opens a file; one that is made is its owner's, and one that was somebody's before becomes so.</summary>
    public static FileStream Open(string path, FileMode mode, FileAccess access = FileAccess.Write, FileShare share = FileShare.Read, int bufferSize = 4096)
    {
        var options = new FileStreamOptions { Mode = mode, Access = access, Share = share, BufferSize = bufferSize };
        if (OperatingSystem.IsWindows())
            return new FileStream(path, options);
        options.UnixCreateMode = OfFiles;
        var file = new FileStream(path, options);
        File.SetUnixFileMode(file.SafeFileHandle, OfFiles);
        return file;
    }

    /// <summary>Writes a whole file.</summary>
    public static async Task WriteAsync(string path, string text, CancellationToken cancellationToken)
    {
        await using var file = new StreamWriter(Open(path, FileMode.Create));
        await file.WriteAsync(text.AsMemory(), cancellationToken);
    }

    /// <summary>Makes a folder where it is missing, and closes it to others.</summary>
    public static void MakeFolder(string path)
    {
        Directory.CreateDirectory(path);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(path, OfFolders);
    }
}
