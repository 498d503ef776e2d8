using Microsoft.Extensions.Logging;
using MysticMind.PostgresEmbed;

namespace OrderMall.Postgres;

/// <summary>
/// Downloads a PostgreSQL server, once, for a machine that has none: the minimal builds that zonkyio publishes on Maven Central, checked
/// against the SHA-256 that stands beside them. Kept in the user's cache (<c>PGEMBED_CACHE_DIR</c>, or <c>~/.cache/pgembed</c>).
/// </summary>
internal static class PostgresDownload
{
    /// <summary>The variable that names another Maven repository: a mirror.</summary>
    public const string RepositoryVariable = "POSTGRES_MAVEN_REPOSITORY";

    private const string DefaultVersion = "17";
    private const string CacheOfRoot = "/var/cache/pgembed"; // root's server runs as another user, to whom root's home is closed
    private static readonly TimeSpan TimeLimit = TimeSpan.FromMinutes(10);

    /// <summary>Gets the programs from the cache, or downloads them first.</summary>
    /// <param name="version">The major version that a data folder was made by; <see langword="null"/> where there is none yet.</param>
    /// <param name="progress">Receives a line for each step.</param>
    /// <exception cref="PostgresNotFoundException">It could not be downloaded; the message says why, and what to install instead.</exception>
    public static async Task<PostgresBinaries> GetAsync(int? version, Action<string> progress, CancellationToken cancellationToken)
    {
        var repository = Environment.GetEnvironmentVariable(RepositoryVariable) is { Length: > 0 } mirror ? mirror : PgServerOptions.DefaultMavenRepo;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(TimeLimit);
        try
        {
            var server = new PgServer(new PgServerOptions
            {
                PgVersion = version?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? DefaultVersion,
                BinariesDir = Path.Combine(Cache(), "binaries"),
                MavenRepo = repository,
                Logger = new Progress(progress),
            });
            progress($"No PostgreSQL is installed here: getting one from {new Uri(repository).Host}, once, into {Cache()}.");
            await server.InstallAsync(limit.Token);
            return PostgresBinaries.In(Path.Combine(server.InstallDir, "bin"));
        }
        catch (Exception failed) when (failed is not PostgresClusterException && !cancellationToken.IsCancellationRequested)
        {
            var why = failed is OperationCanceledException ? $"it took longer than {TimeLimit.TotalMinutes:0} minutes" : failed.GetBaseException().Message;
            throw new PostgresNotFoundException($"none is installed, and none could be downloaded from {repository}: {why.TrimEnd('.')}");
        }
    }

    private static string Cache() =>
        !PgCache.IsConfigured && !OperatingSystem.IsWindows() && Environment.UserName == "root" ? CacheOfRoot : PgCache.DefaultDirectory;

    /// <summary>Forwards what the library logs of its progress.</summary>
    private sealed class Progress(Action<string> report) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
                report(formatter(state, exception));
        }
    }
}
