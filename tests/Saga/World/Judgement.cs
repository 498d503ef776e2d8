using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using OrderMall.Contracts;
using OrderMall.Contracts.Calls;
using OrderMall.Contracts.Events;
using OrderMall.Operations;
using OrderMall.ServiceDefaults.Dapr;

namespace OrderMall.Saga.Tests.World;

/// <summary>Judges a world at rest by the audit's own rules, and by what its people were told.</summary>
internal sealed class Judgement
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);
    private readonly SagaWorld _world;
    private readonly AuditSources _sources;

    public Judgement(SagaWorld world)
    {
        _world = world;
        var clients = new ServiceCollection();
        foreach (var appId in AuditSources.Services)
            clients.AddKeyedSingleton(appId, new ServiceClient(appId, new HttpClient(new Direct(world, appId)) { BaseAddress = new Uri("http://mall/") }));
        _sources = new AuditSources(clients.BuildServiceProvider());
    }

    /// <summary>What must hold at any moment, also while services are unreachable.</summary>
    public static async Task WatchAsync(NpgsqlDataSource catalog, NpgsqlDataSource dispatch)
    {
        await using var capacity = catalog.CreateCommand(
            "SELECT id, capacity, available, (SELECT coalesce(sum(quantity), 0) FROM hold WHERE offer_id = offer.id) FROM offer");
        await using var offer = await capacity.ExecuteReaderAsync();
        Assert.True(await offer.ReadAsync());
        Assert.Equal([], Said(AuditRules.Judge(new AuditedOffer(
            offer.GetGuid(0), offer.IsDBNull(1) ? null : offer.GetInt32(1), offer.IsDBNull(2) ? null : offer.GetInt32(2), offer.GetInt64(3)))));

        // A worker's next visit is their only one, since all are for the same day, and nobody waits while somebody is free.
        await using var visits = dispatch.CreateCommand(
            """
            SELECT (SELECT count(*) FROM (SELECT id, order_id FROM worker WHERE order_id IS NOT NULL) at
                    FULL JOIN (SELECT worker_id, order_id FROM assignment WHERE status = 'Assigned') sent ON sent.worker_id = at.id AND sent.order_id = at.order_id
                    WHERE sent.worker_id IS NULL OR at.id IS NULL)
                 + (SELECT count(*) - count(DISTINCT worker_id) FROM assignment WHERE status = 'Assigned')
                 + (SELECT count(*) FROM assignment WHERE status = 'Waiting' AND EXISTS (SELECT 1 FROM worker WHERE order_id IS NULL))
            """);
        Assert.True(0L.Equals(await visits.ExecuteScalarAsync()), "A worker is sent to two visits, or nowhere, or to none although one waits.");
    }

    /// <summary>What is not as it must be.</summary>
    public async Task<IReadOnlyList<string>> DisagreementsAsync()
    {
        var orders = await AllAsync(_sources.OrdersAsync(after: null, default));
        var facts = await _sources.FactsAsync(orders, default);
        return
        [
            .. Said(facts.SelectMany(AuditRules.Judge)),
            .. orders.Where(order => AuditRules.IsInFlight(order.Status)).Select(order => $"{order.OrderId} stays {order.Status}."),
            .. (await AllAsync(_sources.ChargesAsync(null, default))).Where(charge => charge.Charges > 1 || (charge.Charges == 1 && !orders.Exists(order => order.OrderId == charge.OrderId))).Select(charge => $"The provider has {charge}."),
            .. Said((await AllAsync(_sources.OffersAsync(null, default))).SelectMany(AuditRules.Judge)),
            .. Said(AuditRules.JudgeUnknownHolds((await AllAsync(_sources.HoldsAsync(after: null, default))).Select(hold => hold.OrderId), orders)),
            .. (await _sources.IdleAsync(default) ?? []).Select(idle => $"Somebody waits for nothing: {idle}."),
            .. await MessagesAsync(),
            .. await HistoriesAsync(orders),
            .. _world.Promises.Broken(orders, _world.Network.Published.DistinctBy(e => e.Id).ToLookup(e => e.Key, e => e.Type)),
            .. Unordered(_world.Network.Published),
            .. _sources.Unreachable.Where(silent => _world.Services.Any(service => service.AppId == silent.Key)).Select(silent => $"{silent.Key} does not answer the audit: {silent.Value}"),
        ];
    }

    private async Task<List<string>> MessagesAsync()
    {
        var wrong = new List<string>();
        foreach (var appId in AuditSources.WithDatabase)
        {
            if (await _sources.MessagingAsync(appId, default) is { } messaging and not { Outbox: 0, DeadLetters: 0 })
                wrong.Add($"{appId} has {messaging}.");
        }

        return wrong;
    }

    // As the customers see them.
    private async Task<List<string>> HistoriesAsync(IEnumerable<AuditedOrder> orders)
    {
        var wrong = new List<string>();
        foreach (var order in orders)
        {
            using var answer = await _world.AskAsync(AppIds.Ordering, order.CustomerId, Roles.Customer, HttpMethod.Get, $"api/orders/{order.OrderId}");
            if (answer is not { IsSuccessStatusCode: true })
            {
                if (order.Public)
                    wrong.Add($"{order.OrderId} cannot be seen by its customer.");
                continue;
            }

            var seen = (await answer.Content.ReadFromJsonAsync<Seen>(Json))!;
            if (_world.Promises.ExpectedOf(order.CustomerId) is { } expected && (seen.Amount, seen.Prepaid) != (expected.Price * order.Quantity, expected.Prepaid * order.Quantity))
                wrong.Add($"{order.OrderId} costs {seen.Amount}, {seen.Prepaid} of it paid first, which its customer did not expect.");
            var history = seen.History.Select(entry => entry.Status).ToList();
            wrong.AddRange(LegalPath.Breaches(order.Fulfilment, history).Select(breach => $"{order.OrderId} {breach}: {string.Join(", ", history)}."));
            if (history[^1] != order.Status)
                wrong.Add($"{order.OrderId} is {order.Status}, but its history ends with {history[^1]}.");
        }

        return wrong;
    }

    // The events of one aggregate leave in the order of their versions; a repetition has the same id.
    private static IEnumerable<string> Unordered(IEnumerable<PublishedEvent> published) =>
        from e in published.DistinctBy(e => e.Id)
        group e by (e.Topic, e.Key) into aggregate
        from pair in aggregate.Zip(aggregate.Skip(1))
        where pair.Second.Version <= pair.First.Version
        select $"{pair.Second} was published after {pair.First}.";

    private static async Task<List<T>> AllAsync<T>(IAsyncEnumerable<List<T>> pages)
    {
        var all = new List<T>();
        await foreach (var page in pages)
            all.AddRange(page);
        return all;
    }

    private static IEnumerable<string> Said(IEnumerable<Disagreement> disagreements) => disagreements.Select(disagreement => disagreement.ToString());

    private sealed record Seen(decimal Amount, decimal Prepaid, IReadOnlyList<Entry> History);

    private sealed record Entry(OrderStatus Status);

    /// <summary>Reaches a service of the world past the network and its faults.</summary>
    private sealed class Direct(SagaWorld world, string appId) : HttpMessageHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var service = world.Services.FirstOrDefault(service => service.AppId == appId)
                ?? throw new HttpRequestException($"There is no {appId} in this world.");
            return await world.Network.SendAsync(service.Life, request.Method, request.RequestUri!.PathAndQuery, request.Content)
                ?? throw new HttpRequestException($"{appId} is unreachable.");
        }
    }
}
