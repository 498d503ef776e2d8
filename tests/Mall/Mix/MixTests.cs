using System.Diagnostics;
using OrderMall.Mall.Tests.Opening;
using Xunit.Abstractions;

namespace OrderMall.Mall.Tests.Mix;

/// <summary>
/// Everything at once, at random: orders of every kind, a third of them cancelled, everybody at work, roles taken away and offers withdrawn, services
/// stopped and started meanwhile. <c>MALL_MIX_ORDERS</c> says how many orders, <c>MALL_SEED</c> repeats a choice (what runs at the same
/// moment stays chance).
/// </summary>
[Collection(AloneCollection.Name)]
public sealed class MixTests(MallFixture mall, ITestOutputHelper output) : IClassFixture<MallFixture>
{
    private const int Shoppers = 16;
    private static readonly TimeSpan Settling = TimeSpan.FromMinutes(3);

    [FactNeeding(Need.Faults)]
    public async Task Whatever_goes_on_at_once_all_agree_when_it_is_over()
    {
        var (orders, seed) = (Setting("MALL_MIX_ORDERS", 400), Setting("MALL_SEED", Random.Shared.Next()));
        output.WriteLine($"{orders} orders, MALL_SEED={seed}");
        var (answers, took) = (new Answers(), Stopwatch.StartNew());
        var (staff, outages) = (new Staff(answers, seed), new RandomOutages(await mall.OperatorAsync(), seed));
        await staff.ComeAsync(mall);
        var turnover = new Turnover(await mall.OperatorAsync(), answers, seed + 50);
        List<MixedOffer> offers = [.. await MixedOffer.SellAsync(staff, scarce: orders / 100), .. await turnover.ComeAsync(mall)];
        var shoppers = (await Task.WhenAll(Enumerable.Range(0, Shoppers).Select(_ => mall.NewCustomerAsync()))).Select((customer, number) => new Shopper(customer, answers, seed + 100 + number)).ToList();

        using var over = new CancellationTokenSource();
        using var giveUp = new CancellationTokenSource(TimeSpan.FromMinutes(5) + TimeSpan.FromMilliseconds(500 * orders));
        var around = Task.WhenAll(staff.WorkAsync(over.Token), outages.HappenAsync(over.Token), turnover.HappenAsync(over.Token));
        try
        {
            await Task.WhenAll(shoppers.Select((shopper, number) => shopper.OrderAsync((orders + number) / Shoppers, offers, giveUp.Token)));
        }
        finally
        {
            await over.CancelAsync();
            output.WriteLine($"{took.Elapsed.TotalSeconds:0} s; stopped: {string.Join(", ", outages.Stops.Select(stop => $"{stop.Key} {stop.Value}"))}\n{answers}");
            await around;
        }

        await staff.EndVisitsAsync();
        await turnover.IsOverAsync(Settling);
        Assert.True(turnover.Taken > 0);
        await IsQuietAsync();
        output.WriteLine($"all in order after {took.Elapsed.TotalSeconds:0} s");
        // Messages are no part of the audit: those that a stopped service held come when the broker gives them out again.
        await Eventually.Satisfies(
            async () => string.Join('\n', (await Task.WhenAll(shoppers.Select(shopper => shopper.WrongAsync()))).SelectMany(orders => orders).Take(20)),
            wrong => wrong.Length == 0,
            "have no order that is wrong");
        Assert.Equal(orders, shoppers.Sum(shopper => shopper.Orders.Count));
        var cancelled = shoppers.SelectMany(shopper => shopper.Orders).Count(order => order.Cancellation is not null);
        Assert.InRange(cancelled, orders / 4, orders / 2);
    }

    private async Task IsQuietAsync()
    {
        var op = await mall.OperatorAsync();
        var counts = await Eventually.Satisfies(
            () => op.FindsAllInOrderAsync(Settling), counts => counts.GetProperty("inFlight").GetInt64() == 0, "have no order in flight", Settling);
        output.WriteLine($"{counts}");
    }

    private static int Setting(string name, int otherwise) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } text ? int.Parse(text, System.Globalization.CultureInfo.InvariantCulture) : otherwise;
}
