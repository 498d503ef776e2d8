using System.Diagnostics;
using System.Net;
using System.Runtime.InteropServices;

namespace OrderMall.AppHost.Tests.Faults;

/// <summary>What dies or hangs is replaced without anybody's help, and people notice little of it.</summary>
[Collection(AppHostCollection.Name)]
public sealed partial class HealingTests(OpenAppHost mall)
{
    private const int Kill = 9, Quit = 3, Stop = 19;
    private const int Crowd = 8;
    private static readonly TimeSpan Recovery = TimeSpan.FromSeconds(15);

    [UnixTheory]
    [InlineData("catalog")]
    [InlineData("payment-provider")]
    [InlineData("ordering")]
    public async Task A_service_that_is_killed_is_back_within_seconds(string appId) =>
        await HealsAsync(() => mall.Mall.ProcessIds(appId), Kill);

    [PythonFact]
    public async Task The_service_in_Python_that_is_killed_is_back_within_seconds() =>
        await HealsAsync(() => mall.Mall.ProcessIds("marketing"), Kill, "/api/recommendations");

    [UnixFact]
    public async Task Orders_that_an_instance_was_placing_when_it_was_killed_are_answered_to_the_same_keys_within_seconds()
    {
        await mall.IsWellAsync();
        var (shop, op) = (await mall.BookshopAsync(), await mall.OperatorAsync());
        var offer = await shop.SellBookAsync(copies: 100);
        var customers = await Task.WhenAll(Enumerable.Range(0, Crowd).Select(async _ => (Who: await mall.NewCustomerAsync(), Key: ("Idempotency-Key", $"{Guid.NewGuid()}"))));
        List<Task<Answer>> first, inFlight;
        var charged = await ChargesAsync();
        await using (var misbehaviour = await op.ProviderIsAsync("slow", 2_500))
        {
            first = [.. customers.Select(each => Task.Run(() => each.Who.OrderAsync(offer, 1, "card_ok", each.Key)))];
            // All that were not refused are with the provider, which answers later.
            await Eventually.Satisfies(
                async () => (Charges: await ChargesAsync() - charged, Refused: first.Count(IsRefused)),
                seen => seen.Charges > 0 && seen.Charges >= Crowd - seen.Refused,
                "charge whoever was not refused");
            inFlight = [.. first.Where(answer => !answer.IsCompleted)];
            Send(mall.Mall.ProcessId("ordering", 0)!.Value, Kill);
        }

        // Where more than a few died with it at once, a circuit is open for some seconds, and they are told to come again.
        var answers = await Task.WhenAll(first.Select(async (answer, number) => await answer is { Status: HttpStatusCode.Created } placed
            ? placed with { Took = TimeSpan.Zero }
            : await Eventually.Answers(async () => (await customers[number].Who.OrderAsync(offer, 1, "card_ok", customers[number].Key)).Is(HttpStatusCode.Created), Recovery)));
        Assert.Contains(await Task.WhenAll(inFlight), IsUnanswered);
        Assert.All(answers, answer => Assert.InRange(answer.Took, TimeSpan.Zero, OpenMall.Patience(TimeSpan.FromSeconds(5))));
        // Pages follow by events: when all agree, each has its one order.
        await op.FindsAllInOrderAsync(Recovery);
        foreach (var (who, _) in customers)
            Assert.Single(await who.PageAsync());
    }

    [UnixFact]
    public async Task A_service_that_hangs_is_found_and_replaced() =>
        await HealsAsync(() => mall.Mall.ProcessIds("catalog"), Stop);

    [UnixFact]
    public async Task The_sidecar_that_is_killed_is_back_within_seconds() =>
        await HealsAsync(Sidecar, Kill);

    [UnixTheory]
    [InlineData(Quit)]
    [InlineData(Kill)]
    public async Task PostgreSQL_that_is_ended_at_once_is_back_within_seconds_with_all_that_was_promised(int signal) =>
        await HealsAsync(Postgres, signal);

    /// <summary>From the moment of the signal all of it is over within <see cref="Recovery"/>.</summary>
    private async Task HealsAsync(Func<IReadOnlyList<int>> victims, int signal, string asked = "/api/offers?limit=1")
    {
        await mall.IsWellAsync();
        var (shop, customer, op) = (await mall.BookshopAsync(), await mall.NewCustomerAsync(), await mall.OperatorAsync());
        var offer = await shop.SellBookAsync(copies: 10);
        var before = await Eventually.Answers(() => customer.PlaceAsync(offer)); // each instance has circuits of its own
        var dead = victims();
        Assert.NotEmpty(dead);
        var since = Stopwatch.StartNew();
        foreach (var victim in dead)
            Send(victim, signal);
        await Eventually.Is(true, () => Task.FromResult(victims() is { } now && now.Count == dead.Count && !now.Intersect(dead).Any()), Left());
        await Eventually.Is(HttpStatusCode.OK, async () => (await mall.Anyone.GetAsync(asked)).Status, Left());
        await Eventually.Is(HttpStatusCode.Created, async () => (await customer.OrderAsync(offer)).Status, Left());
        await Eventually.Is(
            true, async () => (await customer.PageAsync()).Exists(order => (order.GetProperty("orderId").GetGuid(), order.GetProperty("status").GetString()) == (before, "Preparing")), Left());
        await op.FindsAllInOrderAsync(Left());

        TimeSpan Left() => Recovery - since.Elapsed is { Ticks: > 0 } left ? left : TimeSpan.Zero;
    }

    private static bool IsRefused(Task<Answer> answer) => answer.IsCompletedSuccessfully && IsUnanswered(answer.Result);

    private static bool IsUnanswered(Answer answer) => answer.Status != HttpStatusCode.Created;

    private Task<long> ChargesAsync() => mall.CountAsync("payment-provider", "charge WHERE amount > 0");

    private IReadOnlyList<int> Sidecar() => mall.Mall.SidecarProcessId is { } id ? [id] : [];

    private IReadOnlyList<int> Postgres() => mall.Mall.PostgresProcessId is { } id ? [id] : [];

    private static void Send(int processId, int signal) => Assert.Equal(0, SendNative(processId, signal));

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int SendNative(int processId, int signal);
}
