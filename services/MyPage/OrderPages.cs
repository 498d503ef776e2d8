using OrderMall.Contracts;
using OrderMall.ServiceDefaults.Sidecar;

namespace OrderMall.MyPage;

/// <summary>The customers' orders in the state store: one key per order, and the index that lists them.</summary>
internal sealed class OrderPages(IStateStore state, OrderIndex index, Listeners listeners)
{
    /// <summary>Brings an order's page up to date. Applying an event again changes nothing.</summary>
    public async Task ApplyAsync(OrderEvent order, CancellationToken cancellationToken)
    {
        var key = Key(order.OrderId);
        // Usually the first event is the first to come: then there is nothing to read.
        if (order.Status is OrderStatus.Accepted or OrderStatus.AwaitingPayment && await TryBeginAsync(key, order, cancellationToken))
            return;
        for (var conflicts = new Conflicts(key); ; await conflicts.WaitAsync(cancellationToken))
        {
            var (stored, etag) = await state.GetAsync(key, MyPageJson.Default.OrderPage, cancellationToken);
            if (stored is null)
            {
                if (await TryBeginAsync(key, order, cancellationToken))
                    return;
                continue;
            }

            if (stored.With(order) is not { } page)
                return;
            if (await state.TrySaveAsync(key, page, etag, MyPageJson.Default.OrderPage, cancellationToken))
            {
                listeners.Tell(page);
                return;
            }
        }
    }

    private async Task<bool> TryBeginAsync(string key, OrderEvent order, CancellationToken cancellationToken)
    {
        // The index first: a page that exists is listed, whenever we crash.
        await index.AddAsync(order.CustomerId, order.OrderId, cancellationToken);
        var page = OrderPage.Begin(order);
        if (!await state.TrySaveAsync(key, page, etag: null, MyPageJson.Default.OrderPage, cancellationToken))
            return false;
        listeners.Tell(page);
        return true;
    }

    /// <summary>Reads pages, in the order asked for. Those that are indexed but not written yet are left out.</summary>
    public async Task<List<OrderPage>> GetAsync(IReadOnlyCollection<Guid> orderIds, CancellationToken cancellationToken)
    {
        var found = await state.GetManyAsync([.. orderIds.Select(Key)], MyPageJson.Default.OrderPage, cancellationToken);
        return [.. orderIds.Select(orderId => found.GetValueOrDefault(Key(orderId))).OfType<OrderPage>()];
    }

    /// <summary>Reads a customer's newest orders.</summary>
    public async Task<List<OrderPage>> GetNewestAsync(string customerId, int count, CancellationToken cancellationToken) =>
        await GetAsync(await index.NewestFirstAsync(customerId, cancellationToken).Take(count).ToListAsync(cancellationToken), cancellationToken);

    private static string Key(Guid orderId) => $"order.{orderId}";
}
