using System.Diagnostics;
using System.Net;
using System.Text.Json;

namespace OrderMall.AppHost.Tests.Faults;

/// <summary>Services stopped, killed, hung and replaced: by Aspire's commands, by the operator, and by force.</summary>
[Collection(AppHostCollection.Name)]
public sealed class FaultTests(OpenAppHost mall)
{
    private static readonly TimeSpan RestartLimit = TimeSpan.FromSeconds(15);

    [Fact]
    public async Task A_service_stopped_in_the_dashboard_stays_stopped_until_it_is_started_there()
    {
        var (customer, shop) = (await mall.NewCustomerAsync(), await mall.BookshopAsync());
        var book = await shop.SellBookAsync();
        Assert.True((await mall.App.ResourceCommands.ExecuteCommandAsync("catalog", KnownResourceCommands.StopCommand)).Success);
        (await customer.OrderAsync(book)).IsProblem(HttpStatusCode.ServiceUnavailable, "unavailable");
        // Aspire says of a program what has become of it a moment after.
        await Eventually.Is(("Stopped", 0), () => StateAsync("catalog"));

        Assert.True((await mall.App.ResourceCommands.ExecuteCommandAsync("catalog", KnownResourceCommands.StartCommand)).Success);
        await Eventually.Is(HttpStatusCode.Created, async () => (await customer.OrderAsync(book)).Status);
        await Eventually.Is(("Running", 1), () => StateAsync("catalog"));
    }

    [Fact]
    public async Task The_operator_stops_and_starts_a_service_and_it_catches_up()
    {
        var (customer, shop, boss) = (await mall.NewCustomerAsync(), await mall.BookshopAsync(), await mall.OperatorAsync());
        (await boss.PostAsync("/api/ops/services/delivery/stop")).Is(HttpStatusCode.OK);
        Assert.Equal(("Stopped", 0), await StateAsync("delivery"));
        var order = await customer.PlaceAsync(await shop.SellBookAsync());
        await customer.SeesAsync(order, "Received");
        (await boss.PostAsync("/api/ops/services/delivery/start")).Is(HttpStatusCode.OK);
        await customer.SeesAsync(order, "Preparing");
    }

    [UnixFact]
    public async Task A_killed_service_is_started_again_and_the_dashboard_says_how_often_and_why() =>
        await RestartedAsync("dispatch", process => process.Kill(), "exit code");

    [UnixFact]
    public async Task A_service_that_hangs_is_killed_and_started_again() =>
        await RestartedAsync("publishing", Suspend, "hung");

    [Fact]
    public async Task A_second_restart_is_refused_during_the_first_and_a_stop_ends_that_and_all_of_the_service()
    {
        var boss = await mall.OperatorAsync();
        var before = await mall.ProcessIdAsync("store-1");
        var restart = boss.PostAsync("/api/ops/services/store/restart");
        await Eventually.Satisfies(() => Task.FromResult(mall.Mall.ProcessId("store", 0)), now => now is { } other && other != before, "replace the first instance");
        (await boss.PostAsync("/api/ops/services/store/restart")).IsProblem(HttpStatusCode.ServiceUnavailable, "unavailable");
        (await boss.PostAsync("/api/ops/services/store/stop")).Is(HttpStatusCode.OK);
        Assert.Contains("was stopped", (await restart).IsProblem(HttpStatusCode.ServiceUnavailable, "unavailable").Text, StringComparison.Ordinal);
        Assert.Equal(("Stopped", 0), await StateAsync("store"));
        (await boss.PostAsync("/api/ops/services/store/start")).Is(HttpStatusCode.OK);
        await Eventually.Is(("Running", 2), () => StateAsync("store"));
    }

    private async Task RestartedAsync(string service, Action<Process> harm, string reason)
    {
        // What has not answered since the mall opened is starting, and given a minute.
        await Eventually.Is(("Running", 1), () => StateAsync(service));
        var before = await mall.ProcessIdAsync(service);
        using (var process = Process.GetProcessById(before))
            harm(process);
        var time = Stopwatch.StartNew();
        await Eventually.Satisfies(
            () => StateAsync(service),
            state => state == ("Running", 1) && mall.ProcessIdAsync(service) is { IsCompletedSuccessfully: true, Result: var now } && now != before,
            $"run {service} again",
            TimeSpan.FromMinutes(1));
        Assert.True(time.Elapsed < OpenMall.Patience(RestartLimit), $"It took {time.Elapsed.TotalSeconds:0.0} s.");

        var shown = await mall.Notifications.WaitForResourceAsync(service, change => change.Snapshot.Properties.Any(property => property.Name == "Last restart"))
            .WaitAsync(TimeSpan.FromSeconds(10));
        Assert.Contains(reason, shown.Snapshot.Properties.Single(property => property.Name == "Last restart").Value!.ToString()!, StringComparison.Ordinal);
        Assert.Equal("1", shown.Snapshot.Properties.Single(property => property.Name == "Restarts").Value!.ToString());
        Assert.Equal(1, (await ServiceAsync(service)).GetProperty("restarts").GetInt32());
    }

    private async Task<(string? Status, int Instances)> StateAsync(string service) =>
        await ServiceAsync(service) is var state ? (state.GetProperty("status").GetString(), state.GetProperty("instances").GetInt32()) : default;

    private async Task<JsonElement> ServiceAsync(string service) =>
        (await (await mall.OperatorAsync()).GetAsync("/api/ops/services")).Is(HttpStatusCode.OK).Json.EnumerateArray().Single(each => each.GetProperty("appId").GetString() == service);

    private static void Suspend(Process process)
    {
        using var kill = Process.Start("kill", ["-STOP", process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
    }
}
