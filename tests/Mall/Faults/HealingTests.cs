using System.Net;
using System.Runtime.InteropServices;
using OrderMall.Mall.Tests.Opening;

namespace OrderMall.Mall.Tests.Faults;

/// <summary>What dies or hangs is replaced without anybody's help, and people notice little of it.</summary>
[Collection(AloneCollection.Name)]
public sealed partial class HealingTests(IsolatedMall mall) : IClassFixture<IsolatedMall>
{
    private const int Kill = 9, Quit = 3, Stop = 19;
    private const int Crowd = 8;
    private static readonly TimeSpan Recovery = TimeSpan.FromSeconds(15);

    [TheoryNeeding(Need.Own | Need.Unix)]
    [InlineData("catalog")]
    [InlineData("payment-provider")]
    [InlineData("ordering")]
    [InlineData("marketing")]
    public async Task A_service_that_is_killed_is_back_within_seconds(string appId) =>
        await HealsAsync(() => mall.Mall.ProcessIds(appId), Kill, () => mall.Mall.ProcessIds(appId));

    [FactNeeding(Need.Own | Need.Unix)]
    public async Task A_service_that_hangs_is_found_and_replaced() =>
        await HealsAsync(() => mall.Mall.ProcessIds("catalog"), Stop, () => mall.Mall.ProcessIds("catalog"));

    [FactNeeding(Need.Own | Need.Unix)]
    public async Task The_sidecar_that_is_killed_is_back_within_seconds() =>
        await HealsAsync(Sidecar, Kill, Sidecar);

    [TheoryNeeding(Need.Own | Need.Unix)]
    [InlineData(Quit)]
    [InlineData(Kill)]
    public async Task PostgreSQL_that_is_ended_at_once_is_back_within_seconds_with_all_that_was_promised(int signal) =>
        await HealsAsync(Postgres, signal, Postgres);

    [FactNeeding(Need.Own | Need.Unix)]
    public async Task The_door_stays_open_while_one_gateway_dies()
    {
        await using var visitors = Lookers();
        await visitors.ComeAsync(20);
        Send(mall.Mall.ProcessId("gateway", 0)!.Value, Kill);
        await Eventually.Is(2, () => Task.FromResult(mall.Mall.ProcessIds("gateway").Count), Recovery);
        await visitors.ComeAsync(20);
        // Who was being served when it died has no answer; nobody is turned away.
        Assert.InRange((await visitors.LeaveAsync()).Count, 0, Crowd);
    }

    [FactNeeding(Need.Own | Need.Unix)]
    public async Task A_gateway_is_replaced_without_anybody_noticing()
    {
        var before = mall.Mall.ProcessIds("gateway");
        await using var visitors = Lookers();
        (await (await mall.OperatorAsync()).PostAsync("/api/ops/services/gateway/restart")).Is(HttpStatusCode.Accepted);
        await Eventually.Is(true, () => Task.FromResult(mall.Mall.ProcessIds("gateway") is { Count: 2 } now && !now.Intersect(before).Any()), Recovery * 2);
        await visitors.ComeAsync(20);
        Assert.Empty(await visitors.LeaveAsync());
    }

    private Visitors Lookers() => new(
        Enumerable.Repeat(() => mall.Anyone.GetAsync("/api/offers?limit=1"), Crowd), answer => answer.Status == HttpStatusCode.OK);

    private async Task HealsAsync(Func<IReadOnlyList<int>> victims, int signal, Func<IReadOnlyList<int>> replaced)
    {
        // What the test before ended may not be back.
        await Eventually.Is(true, async () => (await mall.Mall.ServicesAsync()).All(service => service.Instances == mall.Mall.InstancesOf(service.AppId)), Recovery);
        await Eventually.Is(HttpStatusCode.OK, async () => (await mall.Anyone.GetAsync("/api/offers?limit=1")).Status, Recovery);
        var (shop, customer, op) = (await mall.BookshopAsync(), await mall.NewCustomerAsync(), await mall.OperatorAsync());
        var offer = await shop.SellBookAsync(copies: 10);
        // The first of a mall that was just opened may come too early.
        var before = (await Eventually.Satisfies(() => customer.OrderAsync(offer), answer => answer.Status == HttpStatusCode.Created, "take an order", Recovery)).Json.GetProperty("id").GetGuid();
        var dead = victims();
        foreach (var victim in dead)
            Send(victim, signal);
        await Eventually.Is(true, () => Task.FromResult(replaced() is { } now && now.Count == dead.Count && !now.Intersect(dead).Any()), Recovery);
        await Eventually.Is(HttpStatusCode.Created, async () => (await customer.OrderAsync(offer)).Status, Recovery);
        await customer.OnPageAsync(before, "Preparing");
        await op.FindsAllInOrderAsync(within: Recovery);
    }

    private IReadOnlyList<int> Sidecar() => mall.Mall.SidecarProcessId is { } id ? [id] : [];

    private IReadOnlyList<int> Postgres() => mall.Mall.PostgresProcessId is { } id ? [id] : [];

    private static void Send(int processId, int signal) => Assert.Equal(0, SendNative(processId, signal));

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int SendNative(int processId, int signal);
}
