using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Npgsql;
using OrderMall.Mall;
using OrderMall.Postgres;

namespace OrderMall.Bench;

/// <summary>A mall opened for the measurement, as the process that people run, with a data folder that goes away afterwards.</summary>
internal sealed class MallProcess : IAsyncDisposable
{
    private static readonly TimeSpan OpeningTime = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan ClosingTime = TimeSpan.FromSeconds(30);

    private readonly Process _process;
    private readonly DirectoryInfo _data;

    private MallProcess(Process process, DirectoryInfo data, Uri address)
    {
        _process = process;
        _data = data;
        Address = address;
    }

    public Uri Address { get; }

    public int Id => _process.Id;

    public static async Task<MallProcess> OpenAsync(CancellationToken cancellationToken)
    {
        var data = NewDataFolder();
        var address = new Uri($"http://127.0.0.1:{FreePort()}");
        var start = new ProcessStartInfo("dotnet")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            // All load comes from few people here: the limit per person is not what is measured.
            Environment = { ["RateLimit__PerSecond"] = "100000", ["RateLimit__Burst"] = "100000", ["Gateway__MaxConnectionsPerAddress"] = "10000" },
        };
        string[] arguments = ["exec", typeof(EmbeddedMall).Assembly.Location, "--port", $"{address.Port}", "--data", data.FullName];
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        var mall = new MallProcess(Process.Start(start)!, data, address);
        var errors = new List<string>();
        mall._process.ErrorDataReceived += (_, line) => errors.Add(line.Data ?? "");
        mall._process.BeginErrorReadLine();
        mall._process.BeginOutputReadLine();
        try
        {
            await mall.WaitAsync(errors, cancellationToken);
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

    /// <summary>A port that nobody listens on at the moment.</summary>
    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
