using Npgsql;
using OrderMall.Chaos.Relays;
using OrderMall.Mall;
using OrderMall.Postgres;

namespace OrderMall.AppHost.Tests.Faults;

/// <summary>A database whose connections break is unreachable for that moment, and nothing of it stays.</summary>
[Collection(AloneCollection.Name)]
public sealed class BrokenConnectionsTests : IDisposable
{
    private const int Customers = 4;
    private static readonly TimeSpan Lasting = TimeSpan.FromSeconds(5);

    // Open to other users: PostgreSQL does not run as root.
    private readonly string _data = Directory.CreateDirectory(Path.Combine(Path.GetTempPath(), $"ordermall-broken-{Guid.NewGuid():N}")).FullName;

    public void Dispose() => Directory.Delete(_data, recursive: true);

    [Fact]
    public async Task Connections_to_the_database_break_and_every_answer_says_so_and_then_all_is_as_before()
    {
        await using var postgres = await PostgresCluster.StartAsync(Path.Combine(_data, "server"), CancellationToken.None);
        var server = new NpgsqlConnectionStringBuilder(postgres.ConnectionString) { Host = "127.0.0.1" };
        await using var relay = new Relay(LoopbackPort.Find(1)[0], server.Port, isHttp: false);
        server.Port = relay.Port;
        await using var mall = await EmbeddedMall.OpenAsync(new MallOptions { Port = 0, DataDirectory = _data, ConnectionString = server.ConnectionString });
        var people = new ChaosPeople(mall.Address);
        var offer = new MixedOffer(await (await people.BookshopAsync()).SellBookAsync(copies: null), "delivery");
        var answers = new Answers(); // which fails on what is neither done nor said to be unreachable
        var shoppers = await Task.WhenAll(Enumerable.Range(0, Customers).Select(async number => new Shopper(await people.NewCustomerAsync(), answers, number)));

        using (var over = new CancellationTokenSource(Lasting))
        {
            var fault = new NetworkFault(NetworkFaultKind.Dropping, TimeSpan.Zero, seed: 1);
            relay.Begin(fault);
            await Task.WhenAll(shoppers.Select(async shopper =>
            {
                while (!over.IsCancellationRequested)
                    await shopper.TryOrderAsync(offer);
            }));
            relay.End(fault);
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
