using Microsoft.Extensions.Caching.Memory;

namespace OrderMall.Ordering;

/// <summary>Asks the catalog to hold capacity.</summary>
internal sealed class CatalogClient([FromKeyedServices(AppIds.Catalog)] ServiceClient catalog) : IDisposable
{
    // The catalog does no more in a second when it is asked for more at once: they would only wait there, where their time runs out.
    private const int AtOnce = 8;
    private const int MostSoldOut = 10_000;
    private static readonly TimeSpan SoldOutIsWorthALook = TimeSpan.FromMinutes(1);
    private readonly SemaphoreSlim _turns = new(AtOnce);
    private readonly MemoryCache _soldOut = new(new MemoryCacheOptions { SizeLimit = MostSoldOut });

    /// <summary>Whether an order could only be refused, by an offer of which others have found nothing left just now: before anything is written for it.</summary>
    public async Task<bool> IsSoldOutAsync(Order order, CancellationToken cancellationToken)
    {
        if (!_soldOut.TryGetValue(order.OfferId, out int refused) || order.Quantity < refused)
            return false;
        try
        {
            return (await AskAsync("holds/look", order, cancellationToken)).Outcome == HoldOutcome.SoldOut;
        }
        catch (ServiceUnavailableException)
        {
            return false;
        }
    }

    /// <exception cref="ServiceUnavailableException">Whether it is held is unknown.</exception>
    public async Task<HoldAnswer> HoldAsync(Order order, CancellationToken cancellationToken)
    {
        var answer = await AskAsync("holds", order, cancellationToken);
        // So many, or fewer where fewer were refused before.
        if (answer.Outcome == HoldOutcome.SoldOut && !(_soldOut.TryGetValue(order.OfferId, out int refused) && refused <= order.Quantity))
            _soldOut.Set(order.OfferId, order.Quantity, new MemoryCacheEntryOptions { Size = 1, AbsoluteExpirationRelativeToNow = SoldOutIsWorthALook });
        return answer;
    }

    public void Dispose()
    {
        _turns.Dispose();
        _soldOut.Dispose();
    }

    private async Task<HoldAnswer> AskAsync(string path, Order order, CancellationToken cancellationToken)
    {
        await _turns.WaitAsync(cancellationToken);
        try
        {
            return await catalog.AskAsync(
                path,
                new HoldRequest(order.Id, order.CustomerId, order.OfferId, order.Quantity, order.Destination, order.Date, order.PaymentMethod is not null, order.ExpectedAmount, order.ExpectedPrepaid, order.Phone is not null),
                ContractsJson.Default.HoldRequest,
                ContractsJson.Default.HoldAnswer,
                cancellationToken);
        }
        finally
        {
            _turns.Release();
        }
    }
}

/// <summary>Asks payment to charge and to give back.</summary>
internal sealed class PaymentClient([FromKeyedServices(AppIds.Payment)] ServiceClient payment, PaymentCircuit circuit)
{
    /// <exception cref="ServiceUnavailableException">Whether it is charged is unknown.</exception>
    public async Task<ChargeOutcome> ChargeAsync(Order order, CancellationToken cancellationToken)
    {
        circuit.Asking(order.OfferId);
        try
        {
            var answer = await payment.AskAsync(
                "charges",
                new ChargeRequest(order.Id, order.CustomerId, order.Prepaid, order.Currency!, order.PaymentMethod!),
                ContractsJson.Default.ChargeRequest,
                ContractsJson.Default.ChargeAnswer,
                cancellationToken);
            circuit.IsClosed();
            return answer.Outcome;
        }
        catch (ServiceUnavailableException e) when (e.CircuitIsOpen)
        {
            circuit.IsOpen();
            throw;
        }
    }

    /// <exception cref="ServiceUnavailableException">Whether it is refunded is unknown.</exception>
    public async Task<RefundOutcome> RefundAsync(Order order, CancellationToken cancellationToken) => (await payment.AskAsync(
        "refunds",
        new RefundRequest(order.Id),
        ContractsJson.Default.RefundRequest,
        ContractsJson.Default.RefundAnswer,
        cancellationToken)).Outcome;
}

/// <summary>Asks whoever fulfils an order to stop.</summary>
internal sealed class FulfilmentClient(
    [FromKeyedServices(AppIds.Store)] ServiceClient store,
    [FromKeyedServices(AppIds.Delivery)] ServiceClient delivery,
    [FromKeyedServices(AppIds.Dispatch)] ServiceClient dispatch)
{
    /// <exception cref="ServiceUnavailableException">Whether it is stopped is unknown.</exception>
    public async Task<StopOutcome> StopAsync(Order order, CancellationToken cancellationToken)
    {
        var fulfiller = order.Fulfilment switch
        {
            Fulfilment.Delivery => delivery,
            Fulfilment.Assignment => dispatch,
            _ => store,
        };
        var answer = await fulfiller.AskAsync(
            "stops",
            new StopRequest(order.Id, UnlessConfirmed: order.IsExpiring),
            ContractsJson.Default.StopRequest,
            ContractsJson.Default.StopAnswer,
            cancellationToken);
        return answer.Outcome;
    }
}
