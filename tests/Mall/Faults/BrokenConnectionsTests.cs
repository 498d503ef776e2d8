using OrderMall.Chaos;
using OrderMall.Chaos.Ways;
using OrderMall.Mall.Tests.Opening;

namespace OrderMall.Mall.Tests.Faults;

/// <summary>A database whose connections break is away for that moment, and nothing of it stays.</summary>
[Collection(AloneCollection.Name)]
public sealed class BrokenConnectionsTests
{
    private const int Customers = 4;
    private static readonly TimeSpan Trouble = TimeSpan.FromSeconds(5);

    [FactNeeding(Need.Own)]
    public async Task Connections_to_the_database_break_and_every_answer_says_so_and_then_all_is_as_before()
    {
        using var data = new MallFolder();
        await using var ways = new RelayedWays();
        await using var mall = await EmbeddedMall.OpenAsync(new MallOptions { Port = 0, DataDirectory = data.Path, Links = ways });
        var people = new ChaosPeople(mall.Address);
        var offer = new MixedOffer(await (await people.BookshopAsync()).SellBookAsync(copies: null), "delivery");
        var answers = new Answers(); // which fails on what is neither done nor said to be away
        var shoppers = await Task.WhenAll(Enumerable.Range(0, Customers).Select(async number => new Shopper(await people.NewCustomerAsync(), answers, number)));

        using (var over = new CancellationTokenSource(Trouble))
        {
            var troubles = new[] { "ordering", "payment", "catalog" }.Select(appId => (Relay: ways[new Way(WayTo.Database, appId)].Single(), Trouble: new Trouble(TroubleKind.Dropping, TimeSpan.Zero, seed: 1))).ToList();
            troubles.ForEach(trouble => trouble.Relay.Begin(trouble.Trouble));
            await Task.WhenAll(shoppers.Select(async shopper =>
            {
                while (!over.IsCancellationRequested)
                    await shopper.TryOrderAsync(offer);
            }));
            troubles.ForEach(trouble => trouble.Relay.End(trouble.Trouble));
        }

        Assert.Contains(answers.Counts.Keys, count => count.Answer.StartsWith("503", StringComparison.Ordinal));
        // A circuit that is open stays so for some seconds.
        await Eventually.Satisfies(() => shoppers[0].TryOrderAsync(offer), order => order is not null, "be possible to order");
        foreach (var number in Enumerable.Range(0, 40))
            Assert.True(await shoppers[number % Customers].TryOrderAsync(offer) is not null, $"{answers}");
        await Eventually.Satisfies(
            async () => (await Task.WhenAll(shoppers.Select(shopper => shopper.WrongAsync()))).SelectMany(wrong => wrong).ToList(),
            wrong => wrong.Count == 0,
            "have no order that is wrong");
        await (await people.OperatorAsync()).FindsAllInOrderAsync(TimeSpan.FromMinutes(1));
    }
}
