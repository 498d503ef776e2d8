namespace OrderMall.Payment;

/// <summary>Publishes again what came of an order's payment: as a new event, which changes nothing for subscribers that have handled it.</summary>
internal static class RepublishCalls
{
    public static void Map(WebApplication app) => app.MapRepublications<PaymentDb>(async (db, id, now, cancellationToken) =>
    {
        if (await db.Payments.AsNoTracking().FirstOrDefaultAsync(payment => payment.OrderId == id, cancellationToken) is not { } payment)
            return null;
        // Money that is to be given back is no approval any more, and what was never to be charged was never told of.
        var type = payment switch
        {
            { Status: PaymentStatus.Refunded } => PaymentEvent.Refunded,
            { Status: PaymentStatus.Approved, Withdrawn: false } => PaymentEvent.Approved,
            { Status: PaymentStatus.Declined, Withdrawn: false } => PaymentEvent.Declined,
            _ => null,
        };
        if (type is null)
            return [];
        db.Publish(type, payment.ToEvent() with { At = now });
        return [type];
    });
}
