using Microsoft.Extensions.Options;

namespace OrderMall.Ordering;

/// <summary>
/// Takes an order from one resting status to the next by asking other services. Every question is idempotent by order
/// id and nothing but the order itself is remembered, so any step may be repeated after a crash, by any replica.
/// </summary>
internal sealed class OrderSaga(
    OrderingDb db,
    CatalogClient catalog,
    PaymentClient payment,
    FulfilmentClient fulfilment,
    IOptions<OrderingOptions> options,
    TimeProvider time)
{
    /// <summary>Holds and charges what a new attempt needs.</summary>
    /// <param name="order">Pending, saved, tracked.</param>
    /// <param name="mayWait">Whether the customer is willing to wait for payment to come back.</param>
    /// <param name="cancellationToken">Ends the attempt; the saga then takes it up again.</param>
    /// <returns>The catalog's refusal of an order that cannot be placed like this, of which nothing is left; else <see langword="null"/>, and the rest is in the order.</returns>
    /// <exception cref="DbUpdateConcurrencyException">The saga of another replica was faster: read the order again.</exception>
    public async Task<HoldAnswer?> PlaceAsync(Order order, bool mayWait, CancellationToken cancellationToken)
    {
        HoldAnswer hold;
        try
        {
            hold = await catalog.HoldAsync(order, cancellationToken);
        }
        catch (ServiceUnavailableException)
        {
            await VoidAsync(order, OrderReasons.Unavailable, undo: true, cancellationToken);
            return null;
        }

        switch (hold.Outcome)
        {
            case HoldOutcome.Held:
                order.Held(hold.Offer!);
                await ChargeNewAsync(order, mayWait ? MostUnpaid(hold.Offer!) : null, cancellationToken);
                return null;
            case HoldOutcome.SoldOut:
                // The question may have been repeated on its way, and an earlier try of it have held after all.
                await VoidAsync(order, OrderReasons.SoldOut, undo: true, cancellationToken);
                return null;
            case HoldOutcome.Released:
                await VoidAsync(order, OrderReasons.Unavailable, undo: false, cancellationToken);
                return null;
            case HoldOutcome.UnknownOffer or HoldOutcome.DestinationRequired or HoldOutcome.PhoneRequired or HoldOutcome.PaymentMethodRequired or HoldOutcome.OtherDate:
                // A mistake in the request, however often it is asked: there is nothing to remember or undo.
                db.Orders.Remove(order);
                await db.SaveChangesAsync(cancellationToken);
                return hold;
            default:
                await db.ForgetAsync(order, time.Now(), cancellationToken);
                return hold;
        }
    }

    /// <summary>Takes up an order whose time has come.</summary>
    public Task ResumeAsync(Order order, CancellationToken cancellationToken) => order.Status switch
    {
        // Nobody was told that this is an order, and nobody waits for the answer any more.
        OrderStatus.Pending => VoidAsync(order, OrderReasons.Unavailable, undo: true, cancellationToken),
        OrderStatus.AwaitingPayment => ChargeWaitingAsync(order, cancellationToken),
        OrderStatus.Cancelling => CancelAsync(order, cancellationToken),
        _ => ExpireAsync(order, cancellationToken),
    };

    /// <summary>Stops, refunds and ends an order that is <see cref="OrderStatus.Cancelling"/>, as far as the others answer.</summary>
    public async Task CancelAsync(Order order, CancellationToken cancellationToken)
    {
        try
        {
            if (order.MustBeStopped && await fulfilment.StopAsync(order, cancellationToken) == StopOutcome.TooLate)
                order.RefuseCancelling(time.Now());
            else if (order.Prepaid > 0 && await payment.RefundAsync(order, cancellationToken) == RefundOutcome.Unknown)
                order.PostponeCancelling(time.Now());
            else
                order.FinishCancelling(time.Now());
        }
        catch (ServiceUnavailableException)
        {
            order.PostponeCancelling(time.Now());
        }

        await db.SaveAsync(order, cancellationToken);
    }

    private async Task ExpireAsync(Order order, CancellationToken cancellationToken)
    {
        var isExpiring = order.BeginExpiring(time.Now());
        // It was confirmed as it was taken up.
        if (!isExpiring)
            order.Rest();
        await db.SaveAsync(order, cancellationToken);
        if (isExpiring)
            await CancelAsync(order, cancellationToken);
    }

    // Of what was left when it was held, in which no earlier order that waits is counted: so they never hold more than that share of what nobody
    // has paid for, whichever was held first. One may always wait: with payment down nobody else could buy it either.
    private long MostUnpaid(HeldOffer offer) => options.Value.UnpaidShare switch
    {
        0 => 0,
        var share => offer.Left is { } left ? Math.Max(1, (long)(left * share)) : long.MaxValue,
    };

    private async Task ChargeNewAsync(Order order, long? mostUnpaid, CancellationToken cancellationToken)
    {
        switch (await ChargeAsync(order, cancellationToken))
        {
            case ChargeOutcome.Approved:
                order.Accept(time.Now());
                break;
            case ChargeOutcome.Declined:
                order.Void(OrderReasons.Declined, time.Now(), undo: true);
                break;
            case ChargeOutcome.Unknown when mostUnpaid is { } most:
                await AwaitPaymentAsync(order, most, cancellationToken);
                return;
            default:
                order.Void(OrderReasons.Unavailable, time.Now(), undo: true);
                break;
        }

        await db.SaveAsync(order, cancellationToken);
    }

    // What is not paid for may not keep everybody else from buying.
    private async Task AwaitPaymentAsync(Order order, long mostUnpaid, CancellationToken cancellationToken)
    {
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        if (await db.LockUnpaidAsync(order.OfferId, cancellationToken) + order.Quantity <= mostUnpaid)
            order.AwaitPayment(options.Value.PaymentPatience, time.Now());
        else
            order.Void(OrderReasons.TooManyUnpaid, time.Now(), undo: true);
        await db.SaveAsync(order, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    private async Task ChargeWaitingAsync(Order order, CancellationToken cancellationToken)
    {
        if (order.ExpiresAt <= time.Now())
        {
            order.Expire(time.Now());
            await db.SaveAsync(order, cancellationToken);
            return;
        }

        switch (await ChargeAsync(order, cancellationToken))
        {
            case ChargeOutcome.Approved:
                order.Accept(time.Now());
                break;
            case ChargeOutcome.Declined or ChargeOutcome.Voided:
                order.Decline(time.Now());
                break;
            default:
                order.TryAgain(time.Now());
                break;
        }

        await db.SaveAsync(order, cancellationToken);
    }

    private async Task<ChargeOutcome> ChargeAsync(Order order, CancellationToken cancellationToken)
    {
        if (order.Prepaid == 0)
            return ChargeOutcome.Approved;
        try
        {
            return await payment.ChargeAsync(order, cancellationToken);
        }
        catch (ServiceUnavailableException)
        {
            return ChargeOutcome.Unknown;
        }
    }

    private async Task VoidAsync(Order order, string reason, bool undo, CancellationToken cancellationToken)
    {
        order.Void(reason, time.Now(), undo);
        await db.SaveAsync(order, cancellationToken);
    }
}
