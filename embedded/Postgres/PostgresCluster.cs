using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using Npgsql;

namespace OrderMall.Postgres;

/// <summary>
/// A private PostgreSQL server: made and run from the binaries of this machine, reachable on 127.0.0.1 only with
/// a password of its own, started again when it dies, and stopped with <see cref="DisposeAsync"/>. Its data folder holds
/// <c>cluster/</c> (PostgreSQL's own), <c>password</c>, <c>server.log</c> and a marker that tells it from other folders.
/// </summary>
public sealed class PostgresCluster : IAsyncDisposable
{
    private const string User = "mall";
    private const int LongestSocketFolder = 80; // of the 104 to 108 bytes that systems allow, with the socket's own name
    private const string Marker = "ordermall-postgres";
    private static readonly TimeSpan RestartPause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan ReadyLimit = TimeSpan.FromMinutes(2); // recovery after a crash is part of it
    private static readonly TimeSpan HalfStartedLimit = TimeSpan.FromSeconds(5);

    // Commits are durable: what the mall promised survives a crash. The rest suits a small machine.
    private static readonly string[] Settings =
    [
        "listen_addresses=127.0.0.1", "max_connections=300", "shared_buffers=32MB",
        "fsync=on", "synchronous_commit=on", "wal_level=minimal", "max_wal_senders=0", "max_wal_size=2GB",
        "checkpoint_timeout=15min", "jit=off", "commit_delay=200", "commit_siblings=3", "huge_pages=off", "logging_collector=off",
        "lc_messages=C", "timezone=UTC", "log_timezone=UTC",
    ];

    private readonly PostgresBinaries _binaries;
    private readonly string _cluster;
    private readonly BoundedLog _log;
    private readonly FileStream _held;
    private readonly Func<Process> _launch;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _keeping;
    private Process _process;
    private int _disposed;

    private PostgresCluster(PostgresBinaries binaries, string cluster, Func<Process> launch, Process process, BoundedLog log, FileStream held, string connectionString)
    {
        (_binaries, _cluster, _launch, _process, _log, _held) = (binaries, cluster, launch, process, log, held);
        ConnectionString = connectionString;
        Databases = new PostgresDatabases(connectionString);
        ProcessId = Postmaster.Of(cluster)?.ProcessId ?? process.Id;
        _keeping = KeepAsync();
    }

    /// <summary>An Npgsql connection string of the server's administrator, for its <c>postgres</c> database.</summary>
    public string ConnectionString { get; }

    /// <summary>The server's databases.</summary>
    public PostgresDatabases Databases { get; }

    /// <summary>The server process; another one when it was started again, and <see langword="null"/> until that one is ready.</summary>
    public int? ProcessId { get; private set; }

    /// <summary>Called when the server was started again, with its new process.</summary>
    public Action<int>? Restarted { get; set; }

    /// <summary>Opens the cluster in a folder, making it first where there is none. A server that a killed process left running on it is stopped before.</summary>
    /// <param name="dataDirectory">The folder; made if it is missing, and must be empty or an earlier cluster.</param>
    /// <param name="cancellationToken">Ends the attempt and stops whatever was started.</param>
    /// <param name="report">Receives every line that the server logs, and what is done before it runs.</param>
    /// <exception cref="PostgresNotFoundException">No PostgreSQL is installed, and none could be downloaded.</exception>
    /// <exception cref="PostgresClusterException">It could not be made or opened; the message says why.</exception>
    public static async Task<PostgresCluster> StartAsync(string dataDirectory, CancellationToken cancellationToken, Action<string>? report = null)
    {
        var folder = Path.GetFullPath(dataDirectory);
        var cluster = Path.Combine(folder, "cluster");
        var version = MadeByVersion(cluster);
        var binaries = PostgresBinaries.Find(version) ?? await PostgresDownload.GetAsync(version, report ?? Console.Error.WriteLine, cancellationToken);
        var account = ServerAccount.Current();
        var held = await ClaimAsync(folder, account, cancellationToken);
        BoundedLog? log = null;
        try
        {
            if (!Directory.Exists(cluster))
                await MakeAsync(binaries, account, folder, cluster, cancellationToken);
            if (Postmaster.Of(cluster) is { } leftover)
                await leftover.StopAsync(binaries, cluster);
            var password = await File.ReadAllTextAsync(Path.Combine(folder, "password"), cancellationToken);
            log = new BoundedLog(Path.Combine(folder, "server.log"), also: report);
            for (var attempt = 1; ; attempt++)
            {
                var port = LoopbackPort.Find(1)[0];
                Process LaunchHere() => Launch(binaries, account, folder, cluster, port, log);
                var process = LaunchHere();
                var connectionString = new NpgsqlConnectionStringBuilder
                {
                    Host = SocketFolder(folder) is { Length: > 0 } socket ? socket : "127.0.0.1", Port = port, Username = User, Password = password.Trim(), Database = "postgres", Timeout = 5,
                    // Asked for, one that breaks while it is opened would break the connection that Npgsql opens instead.
                    GssEncryptionMode = GssEncryptionMode.Disable,
                }.ConnectionString;
                try
                {
                    await ReadyAsync(process, connectionString, log, cancellationToken);
                    return new PostgresCluster(binaries, cluster, LaunchHere, process, log, held, connectionString);
                }
                catch (Exception failed)
                {
                    var portTaken = process.HasExited && log.LastLines.Contains("could not create any TCP/IP sockets", StringComparison.Ordinal);
                    await EndAsync(binaries, cluster, process);
                    if (!portTaken || attempt == 3 || failed is OperationCanceledException)
                        throw;
                }
            }
        }
        catch
        {
            log?.Dispose();
            await held.DisposeAsync();
            throw;
        }
    }

    /// <summary>Whether this machine has the programs for the cluster in a folder, or for a new one.</summary>
    /// <exception cref="PostgresClusterException">It has others, or none where <c>POSTGRES_BIN</c> or <c>PGROOT</c> says.</exception>
    public static bool HasPrograms(string dataDirectory) =>
        PostgresBinaries.Find(MadeByVersion(Path.Combine(Path.GetFullPath(dataDirectory), "cluster"))) is not null;

    /// <summary>Makes a database if it is missing.</summary>
    /// <param name="name">Lower case letters, digits and underscores.</param>
    /// <returns>An Npgsql connection string for it, with at most 20 connections from one process.</returns>
    public Task<string> CreateDatabaseAsync(string name, CancellationToken cancellationToken = default) => Databases.CreateAsync(name, maxPoolSize: 20, cancellationToken);

    /// <summary>Stops the server: open transactions are rolled back, everything committed is kept. Takes at most 30 s.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 1)
            return;
        await _stopping.CancelAsync();
        await _keeping.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // however that ended, the server is
        await EndAsync(_binaries, _cluster, _process);
        ProcessId = null;
        _stopping.Dispose();
        _log.Dispose();
        await _held.DisposeAsync();
    }

    // What is committed it finds in its log; who is connected finds the new server at the same port.
    private async Task KeepAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                if (ProcessId is not null)
                {
                    await _process.WaitForExitAsync(_stopping.Token);
                    while (Postmaster.Of(_cluster) is not null) // only what started it has ended
                        await Task.Delay(RestartPause, _stopping.Token);
                    ProcessId = null;
                    _log.WriteLine("The server ended by itself and is started again.");
                }

                if (_process.HasExited)
                {
                    var ended = _process;
                    _process = _launch();
                    ended.Dispose();
                }

                await ReadyAsync(_process, ConnectionString, _log, _stopping.Token);
                ProcessId = Postmaster.Of(_cluster)?.ProcessId ?? _process.Id;
                Restarted?.Invoke(ProcessId.Value);
            }
            catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failed)
            {
                // Whatever it is: without this loop the mall would have no database until it is opened anew.
                _log.WriteLine($"{failed.Message} It is retried.");
                await Task.Delay(RestartPause, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    /// <summary>Ends the server, also one that has not yet said in its folder that it runs.</summary>
    private static async Task EndAsync(PostgresBinaries binaries, string cluster, Process process)
    {
        if (Postmaster.Of(cluster) is { } running)
            await running.StopAsync(binaries, cluster);
        else if (!process.HasExited)
        {
            Signals.Send(process.Id, Signals.Terminate);
            await process.WaitForExitAsync().WaitAsync(HalfStartedLimit).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!process.HasExited)
                process.Kill(entireProcessTree: true);
        }

        process.Dispose();
    }

    private static int? MadeByVersion(string cluster)
    {
        var file = Path.Combine(cluster, "PG_VERSION");
        return File.Exists(file) && int.TryParse(File.ReadAllText(file).Split('.')[0], CultureInfo.InvariantCulture, out var version) ? version : null;
    }

    /// <summary>Takes the folder for this process alone.</summary>
    private static async Task<FileStream> ClaimAsync(string folder, ServerAccount account, CancellationToken cancellationToken)
    {
        var marker = Path.Combine(folder, Marker);
        try
        {
            Directory.CreateDirectory(folder);
            if (!File.Exists(marker) && Directory.EnumerateFileSystemEntries(folder).Any())
                throw new PostgresClusterException($"'{folder}' holds something that this program did not make, so it is left alone. Choose an empty folder with --data (--Mall:Data of the AppHost).");
            var held = PrivateFile.Open(marker, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            PrivateFile.MakeFolder(folder);
            await account.OwnAsync(folder, cancellationToken);
            await account.CheckReachableAsync(folder, cancellationToken);
            return held;
        }
        catch (UnauthorizedAccessException refused)
        {
            throw new PostgresClusterException($"The data folder cannot be used: {refused.Message} Choose another with --data (--Mall:Data of the AppHost).", refused);
        }
        catch (IOException taken)
        {
            throw new PostgresClusterException($"The PostgreSQL data in '{folder}' cannot be opened; another process may have it open. {taken.Message}", taken);
        }
    }

    private static async Task MakeAsync(PostgresBinaries binaries, ServerAccount account, string folder, string cluster, CancellationToken cancellationToken)
    {
        var password = Path.Combine(folder, "password");
        var unfinished = cluster + ".unfinished";
        if (Directory.Exists(unfinished))
            Directory.Delete(unfinished, recursive: true);
        File.Delete(password);
        await PrivateFile.WriteAsync(password, RandomNumberGenerator.GetHexString(32, lowercase: true) + "\n", cancellationToken);
        await account.OwnAsync(password, cancellationToken);

        // No --locale: initdb of an old version would write messages in the person's language; LC_ALL=C decides both.
        var command = account.Command(ownSession: false, binaries.Initdb, "-D", unfinished, "-U", User, "--pwfile", password,
            "-A", "scram-sha-256", "--encoding", "UTF8", "--locale", "C", "--no-instructions");
        var (exitCode, output) = await ServerAccount.RunAsync(command, folder, cancellationToken);
        if (exitCode != 0)
            throw new PostgresClusterException($"PostgreSQL could not make its data folder in '{folder}': {output}");
        Directory.Move(unfinished, cluster);
    }

    // A local socket costs less than TCP for each of an order's dozens of statements. Its path has to be short, and plain.
    private static string SocketFolder(string folder) =>
        !OperatingSystem.IsWindows() && folder.Length <= LongestSocketFolder && folder.IndexOfAny([',', '"', '\'']) < 0 ? folder : "";

    private static Process Launch(PostgresBinaries binaries, ServerAccount account, string folder, string cluster, int port, BoundedLog log)
    {
        var command = account.Command(ownSession: true,
            [binaries.Postgres, "-D", cluster, "-p", port.ToString(CultureInfo.InvariantCulture), "-c", $"unix_socket_directories={SocketFolder(folder)}", .. Settings.Concat(QuickRecovery(binaries)).SelectMany(s => new[] { "-c", s })]);
        var process = new Process { StartInfo = ServerAccount.StartInfo(command, folder) };
        process.OutputDataReceived += (_, line) => Write(line);
        process.ErrorDataReceived += (_, line) => Write(line);
        process.Start();
        process.StandardInput.Close();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;

        void Write(DataReceivedEventArgs line)
        {
            if (line.Data is { } text)
                log.WriteLine(text);
        }
    }

    // After a crash it makes sure that all its files are on disk, one by one by default: nine seconds for the mall's dozen databases.
    private static string[] QuickRecovery(PostgresBinaries binaries) =>
        OperatingSystem.IsLinux() && binaries.Version >= 14 ? ["recovery_init_sync_method=syncfs"] : [];

    private static async Task ReadyAsync(Process process, string connectionString, BoundedLog log, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(ReadyLimit);
        var unpooled = new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false }.ConnectionString;
        while (true)
        {
            try
            {
                await using var connection = new NpgsqlConnection(unpooled);
                await connection.OpenAsync(limit.Token);
                return;
            }
            catch (Exception notYet) when (notYet is NpgsqlException { IsTransient: true } or PostgresException { SqlState: PostgresErrorCodes.CannotConnectNow } && !process.HasExited)
            {
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                throw new PostgresClusterException($"PostgreSQL was not ready after {ReadyLimit.TotalSeconds:0} s. Its last words: {log.LastLines}");
            }
            catch (NpgsqlException ended) when (process.HasExited)
            {
                process.WaitForExit(); // until its last words are read
                throw new PostgresClusterException($"PostgreSQL stopped while starting. Its last words: {log.LastLines}", ended);
            }

            await Task.Delay(20, cancellationToken);
        }
    }
}
