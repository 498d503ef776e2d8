namespace OrderMall.Payment;

/// <summary>Gives back what was paid for orders that came to nothing; the settlement does it.</summary>
internal static class PaymentEvents
{
    public static void Map(WebApplication app)
    {
        var time = app.Services.GetRequiredService<TimeProvider>();
        app.MapEvents<PaymentDb>().Once<OrderEvent>([OrderEvent.Cancelled, OrderEvent.Rejected, OrderEvent.Voided],
            (db, e) => Withdraw(db, e.Type, e.Data, time.Now()),
            (db, events, cancellationToken) =>
            {
                var orders = events.Select(e => e.Data.OrderId).ToArray();
                return db.Payments.Where(payment => orders.Contains(payment.OrderId)).LoadAsync(cancellationToken);
            });
    }

    private static void Withdraw(PaymentDb db, string type, OrderEvent order, DateTimeOffset now)
    {
        // An attempt that a crash ended may have been charged although it does not know any more how much.
        if (order.Prepaid == 0 && type != OrderEvent.Voided)
            return;
        if (db.Loaded<Payment>(order.OrderId) is { } payment)
            payment.Withdraw(now);
        else
            db.Begin(Payment.NeverToBe(order.OrderId, now));
    }
}
