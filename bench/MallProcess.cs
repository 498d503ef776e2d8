using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json;
using Npgsql;
using OrderMall.Mall;
using OrderMall.Postgres;

namespace OrderMall.Bench;

/// <summary>A mall opened for the measurement, as the process that people run, with a data folder that goes away afterwards.</summary>
internal sealed class MallProcess : IAsyncDisposable
{
    private static readonly TimeSpan OpeningTime = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan ClosingTime = TimeSpan.FromSeconds(90);
    // Inherited by every program of a mall that this one opens.
    private const string MarkKey = "MALL_BENCH";
    private static readonly string MarkValue = $"{Guid.NewGuid():N}";

    private readonly Process _process;
    private readonly DirectoryInfo _data;

    private MallProcess(Process process, DirectoryInfo data, Uri address)
    {
        _process = process;
        _data = data;
        Address = address;
    }

    public Uri Address { get; }

    /// <summary>How long it took from its start, without any data, until it answered.</summary>
    public TimeSpan Opening { get; private set; }

    /// <summary>How many bytes its .NET processes have allocated since they began.</summary>
    public long Allocated() => StartupHook.Allocated(_data.FullName);

    /// <summary>What each of its programs used since it was opened.</summary>
    public IReadOnlyList<ProcessUsage> Usage() => ProcessUsage.OfTree(_process.Id, Mark);

    /// <summary>What every program of a mall that this one opened has in its environment.</summary>
    public static string Mark => $"{MarkKey}={MarkValue}";

    /// <summary>Opens it.</summary>
    /// <param name="sidecar">The sidecar of the AppHost's mall; <see langword="null"/> is the mall in one process.</param>
    public static async Task<MallProcess> OpenAsync(string? sidecar, CancellationToken cancellationToken)
    {
        var data = NewDataFolder();
        var address = new Uri($"http://127.0.0.1:{LoopbackPort.Find(1)[0]}");
        var start = new ProcessStartInfo("dotnet")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            // All load comes from few people here: the limit per person is not what is measured.
            Environment = { [MarkKey] = MarkValue, ["DOTNET_STARTUP_HOOKS"] = typeof(MallProcess).Assembly.Location, [StartupHook.FolderKey] = data.FullName, ["RateLimit__PerSecond"] = "100000", ["RateLimit__Burst"] = "100000", ["Gateway__MaxConnectionsPerAddress"] = "10000" },
        };
        string[] arguments = sidecar is null
            ? ["exec", typeof(EmbeddedMall).Assembly.Location, "--port", $"{address.Port}", "--web-port", $"{LoopbackPort.Find(1)[0]}", "--data", data.FullName]
            : ["exec", AppHost(), "--Mall:Port", $"{address.Port}", "--Mall:WebPort", $"{LoopbackPort.Find(1)[0]}", "--Mall:Data", data.FullName, "--Mall:Sidecar", sidecar];
        if (sidecar is not null)
            start.Environment["DOTNET_ENVIRONMENT"] = "Development"; // as in its launch profile
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        var mall = new MallProcess(Process.Start(start)!, data, address);
        var clock = Stopwatch.StartNew();
        var errors = new List<string>();
        mall._process.ErrorDataReceived += (_, line) => errors.Add(line.Data ?? "");
        mall._process.BeginErrorReadLine();
        mall._process.BeginOutputReadLine();
        try
        {
            await mall.WaitAsync(errors, cancellationToken);
            mall.Opening = clock.Elapsed;
            return mall;
        }
        catch
        {
            await mall.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            using var kill = Process.Start("kill", ["-TERM", $"{_process.Id}"]);
            using var limit = new CancellationTokenSource(ClosingTime);
            await _process.WaitForExitAsync(limit.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!_process.HasExited)
                _process.Kill(entireProcessTree: true);
        }

        // Programs of the AppHost's orchestrator end after it.
        for (var waited = Stopwatch.StartNew(); ProcessUsage.IdsOfTree(_process.Id, Mark) is { Count: > 0 } left; await Task.Delay(100))
        {
            foreach (var id in waited.Elapsed > ClosingTime ? left : [])
            {
                using var kill = Process.Start("kill", ["-KILL", $"{id}"]);
                await kill.WaitForExitAsync();
            }
        }

        _process.Dispose();
        _data.Delete(recursive: true);
    }

    /// <summary>An HTTP client of the mall, signed in.</summary>
    public async Task<HttpClient> SignInAsync(string email, string password, CancellationToken cancellationToken)
    {
        var client = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = Address, Timeout = TimeSpan.FromSeconds(60) };
        using var answer = await client.PostAsJsonAsync("api/account/login", new { email, password }, cancellationToken);
        answer.EnsureSuccessStatusCode();
        var token = (await answer.Content.ReadFromJsonAsync<JsonElement>(cancellationToken)).GetProperty("accessToken").GetString();
        client.DefaultRequestHeaders.Authorization = new("Bearer", token);
        return client;
    }

    /// <summary>The database of one of its services, to fill it. Dispose of it.</summary>
    public NpgsqlDataSource Database(string appId)
    {
        var folder = Path.Combine(_data.FullName, "postgres");
        // The port is the fourth line.
        var port = File.ReadLines(Path.Combine(folder, "cluster", "postmaster.pid")).ElementAt(3);
        return NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder
        {
            Host = "127.0.0.1",
            Port = int.Parse(port, CultureInfo.InvariantCulture),
            Username = "mall",
            Password = File.ReadAllText(Path.Combine(folder, "password")).Trim(),
            Database = PostgresDatabases.NameOf(appId),
            GssEncryptionMode = GssEncryptionMode.Disable,
            CommandTimeout = 3600,
        });
    }

    /// <summary>The names of all of its databases.</summary>
    public async Task<IReadOnlyList<string>> DatabasesAsync(CancellationToken cancellationToken)
    {
        await using var server = Database("postgres");
        await using var command = server.CreateCommand("SELECT array_agg(datname::text ORDER BY datname) FROM pg_database WHERE NOT datistemplate AND datname <> 'postgres'");
        return (string[])(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    private static string AppHost()
    {
        var checkout = new DirectoryInfo(AppContext.BaseDirectory);
        while (checkout is not null && !File.Exists(Path.Combine(checkout.FullName, "OrderMall.sln")))
            checkout = checkout.Parent;
        // As this program was built, so was that one.
        var program = Path.Combine(checkout?.FullName ?? "", "AppHost", Path.GetRelativePath(Path.Combine(checkout?.FullName ?? "", "bench"), AppContext.BaseDirectory), "OrderMall.AppHost.dll");
        return File.Exists(program) ? program : throw new BenchException($"There is no {program}: build it with dotnet build AppHost.");
    }

    private async Task WaitAsync(List<string> errors, CancellationToken cancellationToken)
    {
        using var http = new HttpClient { BaseAddress = Address };
        var patience = Stopwatch.StartNew();
        while (patience.Elapsed < OpeningTime)
        {
            if (_process.HasExited)
                throw new BenchException($"The mall did not open: {string.Join(' ', errors)}");
            try
            {
                using var answer = await http.GetAsync("api/offers", cancellationToken);
                if (answer.StatusCode == HttpStatusCode.OK)
                    return;
            }
            catch (HttpRequestException)
            {
                // Not listening yet.
            }

            await Task.Delay(100, cancellationToken);
        }

        throw new BenchException($"The mall did not open within {OpeningTime.TotalSeconds} s.");
    }

    /// <summary>A new empty folder that other users may enter: PostgreSQL does not run as root.</summary>
    public static DirectoryInfo NewDataFolder() =>
        Directory.CreateDirectory(Path.Combine(Path.GetTempPath(), $"mall-bench-{Guid.NewGuid():N}"));
}
