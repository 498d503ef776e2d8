using System.Diagnostics;
using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using OrderMall.Gateway;
using OrderMall.Postgres;
using OrderMall.ServiceDefaults;
using OrderMall.ServiceDefaults.Connections;

namespace OrderMall.Services.Tests;

/// <summary>Limits of connections: one address with many of them keeps out neither others nor probes, and does not flood the log.</summary>
[Collection(DoorCollection.Name)]
public sealed class ConnectionTests(ServiceFixture fixture)
{
    private const string Attacker = "127.0.0.2";
    private const string Other = "127.0.0.3";
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(5);

    [SeveralAddressesFact]
    public async Task Idle_connections_of_one_address_keep_nobody_out_not_even_from_there()
    {
        await using var gateway = await StartAsync("Gateway:MaxConnectionsPerAddress=10");
        var idle = await OpenAsync(gateway, Attacker, 40);
        Assert.Equal(200, await AskAsync(gateway, Attacker));
        Assert.Equal(200, await AskAsync(gateway, Other));
        idle.ForEach(connection => connection.Dispose());
        Assert.Equal(0, Warnings(gateway));
    }

    [SeveralAddressesFact]
    public async Task Those_that_waited_longest_make_room()
    {
        await using var gateway = await StartAsync("Gateway:MaxConnectionsPerAddress=10");
        var first = await AnsweredAsync(gateway, 10);
        var last = await AnsweredAsync(gateway, 5);

        Assert.Equal(200, await AskAsync(gateway, Attacker));

        var gone = await Task.WhenAll(first.Select(connection => connection.IsClosedAsync(Soon)));
        Assert.Equal(6, gone.Count(isGone => isGone));
        foreach (var connection in last)
        {
            await connection.AskAsync("GET /");
            Assert.Equal(200, await connection.StatusAsync());
        }

        first.Concat(last).ToList().ForEach(connection => connection.Dispose());
    }

    [SeveralAddressesFact]
    public async Task Who_makes_room_is_gone_at_once_also_in_the_middle_of_a_request_line()
    {
        await using var gateway = await StartAsync("Gateway:MaxConnectionsPerAddress=10");
        var begun = new List<RawConnection>();
        for (var number = 0; number < 40; number++)
        {
            begun.Add(await RawConnection.OpenAsync(gateway.Internal.BaseAddress!, Attacker));
            await begun[^1].SendAsync("G");
        }

        // Which came first the door alone knows.
        var gone = await Task.WhenAll(begun.Select(connection => connection.IsClosedAsync(Soon)));
        Assert.Equal(30, gone.Count(isGone => isGone));
        Assert.Equal(200, await AskAsync(gateway, Attacker));
        begun.ForEach(connection => connection.Dispose());
    }

    [SeveralAddressesFact]
    public async Task Idle_connections_of_many_addresses_keep_nobody_out()
    {
        await using var gateway = await StartAsync("Gateway:MaxConnections=20", "Gateway:MaxConnectionsPerAddress=10");
        var idle = new List<RawConnection>();
        for (var address = 10; address < 20; address++)
            idle.AddRange(await OpenAsync(gateway, $"127.0.0.{address}", 10));
        Assert.Equal(200, await AskAsync(gateway, Other));
        idle.ForEach(connection => connection.Dispose());
        Assert.Equal(0, Warnings(gateway));
    }

    [SeveralAddressesFact]
    public async Task Where_all_of_an_address_are_in_use_one_more_of_it_is_closed_and_no_other()
    {
        await using var gateway = await StartAsync("Gateway:MaxConnectionsPerAddress=5", "Gateway:Budgets:PublicReads:AtOnce=10");
        var (busy, answers) = await BusyAsync(gateway, Attacker, 5);
        var began = Stopwatch.StartNew();
        for (var time = 0; time < 50; time++)
            Assert.Equal(0, await AskAsync(gateway, Attacker));
        Assert.Equal(200, await AskAsync(gateway, Other));
        Assert.InRange(Warnings(gateway), 1, 1 + (int)(began.Elapsed / Soon)); // one every five seconds
        answers.SetResult();
        foreach (var connection in busy)
            Assert.Equal(200, await connection.StatusAsync());
        // They are idle now, a moment after the answer.
        await Eventually.BecomesAsync(200, () => AskAsync(gateway, Attacker));
        busy.ForEach(connection => connection.Dispose());
    }

    [Fact]
    public async Task Who_says_nothing_or_not_all_of_it_is_not_waited_for()
    {
        await using var gateway = await StartAsync();
        using var silent = await RawConnection.OpenAsync(gateway.Internal.BaseAddress!);
        using var slow = await RawConnection.OpenAsync(gateway.Internal.BaseAddress!);
        using var used = await RawConnection.OpenAsync(gateway.Internal.BaseAddress!);
        await slow.SendAsync("GET / HTTP/1.1\r\nHost:");
        await used.AskAsync("GET /");
        Assert.Equal(200, await used.StatusAsync());
        var limit = ConnectionLimits.HeadersTime + Soon;
        var closed = await Task.WhenAll(silent.IsClosedAsync(limit), slow.IsClosedAsync(limit));
        Assert.Equal([true, true], closed);
        await used.AskAsync("GET /");
        Assert.Equal(200, await used.StatusAsync());
    }

    [Fact]
    public async Task Probes_have_an_address_of_their_own_where_nothing_public_is()
    {
        var inside = new Uri($"http://127.0.0.1:{LoopbackPort.Find(1)[0]}");
        await using var gateway = await StartAsync("Gateway:MaxConnectionsPerAddress=3", $"Gateway:InternalUrl={inside}");
        var (busy, answers) = await BusyAsync(gateway, "127.0.0.1", 3);
        Assert.Equal(0, await AskAsync(gateway, "127.0.0.1"));
        foreach (var (path, status) in new[] { (Probes.Ready, 200), (Probes.Alive, 200), ("/", 404), ("/api/offers", 404), ("/api/account/login", 404), ("/openapi/v1.json", 404), ("/alarms", 404) })
        {
            using var connection = await RawConnection.OpenAsync(inside);
            await connection.AskAsync($"GET {path}");
            Assert.Equal((path, status), (path, await connection.StatusAsync()));
        }

        using (var sidecar = new HttpClient { BaseAddress = inside })
        {
            sidecar.DefaultRequestHeaders.Add("dapr-api-token", "app-token");
            sidecar.DefaultRequestHeaders.Add("Dapr-Caller-App-Id", "operations");
            using var alarms = await sidecar.GetAsync("/alarms");
            Assert.Equal(HttpStatusCode.OK, alarms.StatusCode);
        }

        answers.SetResult();
        busy.ForEach(connection => connection.Dispose());
    }

    [Theory]
    [InlineData("Gateway:MaxConnectionsPerAddress=0")]
    [InlineData("Gateway:MaxConnections=many")]
    [InlineData("Gateway:InternalUrl=5001")]
    [InlineData("Gateway:InternalUrl=http://localhost:5001")]
    [InlineData("Gateway:InternalUrl=https://127.0.0.1:5001")]
    [InlineData("Gateway:Proxies=10.0.0.0/8,proxy")]
    [InlineData("Gateway:Streams:PerPerson=-1")]
    public async Task A_limit_that_is_none_is_refused_by_name_at_the_start(string setting)
    {
        await using var gateway = await StartAsync();
        var mistake = await Assert.ThrowsAsync<InvalidOperationException>(() => gateway.StartReplicaAsync(setting));
        Assert.Contains(setting.Split('=')[0], mistake.Message, StringComparison.Ordinal);
    }

    private async Task<RunningService<GatewayService>> StartAsync(params string[] settings)
    {
        var gateway = new RunningService<GatewayService>(fixture) { Settings = settings };
        await gateway.InitializeAsync();
        return gateway;
    }

    private static int Warnings(RunningService<GatewayService> gateway) =>
        gateway.Logs.GetSnapshot().Count(log => log.Level == LogLevel.Warning && log.Message.Contains("closed unanswered", StringComparison.Ordinal));

    private static async Task<List<RawConnection>> OpenAsync(RunningService<GatewayService> gateway, string from, int count, Uri? door = null)
    {
        var open = new List<RawConnection>();
        while (open.Count < count)
            open.Add(await RawConnection.OpenAsync(door ?? gateway.Internal.BaseAddress!, from));
        return open;
    }

    // Whoever was answered is in: who only connected may come in after others that connected later.
    private static async Task<List<RawConnection>> AnsweredAsync(RunningService<GatewayService> gateway, int count)
    {
        var answered = new List<RawConnection>();
        while (answered.Count < count)
        {
            answered.Add(await RawConnection.OpenAsync(gateway.Internal.BaseAddress!, Attacker));
            await answered[^1].AskAsync("GET /");
            Assert.Equal(200, await answered[^1].StatusAsync());
        }

        return answered;
    }

    private static async Task<(List<RawConnection> Busy, TaskCompletionSource Answers)> BusyAsync(RunningService<GatewayService> gateway, string from, int count, Uri? door = null)
    {
        var (asked, answers) = (0, new TaskCompletionSource());
        gateway.Sidecar.Called["catalog/api/offers"] = async context =>
        {
            Interlocked.Increment(ref asked);
            await answers.Task;
            await context.Response.WriteAsync("[]");
        };
        var busy = await OpenAsync(gateway, from, count, door);
        foreach (var connection in busy)
            await connection.AskAsync("GET /api/offers");
        await Eventually.BecomesAsync(count, () => Task.FromResult(Volatile.Read(ref asked)));
        return (busy, answers);
    }

    private static async Task<int> AskAsync(RunningService<GatewayService> gateway, string from, Uri? door = null)
    {
        using var connection = await RawConnection.OpenAsync(door ?? gateway.Internal.BaseAddress!, from);
        try
        {
            await connection.AskAsync("GET /");
        }
        catch (IOException)
        {
            return 0;
        }

        return await connection.StatusAsync();
    }
}
