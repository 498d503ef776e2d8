namespace OrderMall.Ordering;

/// <summary>What can go wrong with orders.</summary>
internal static class OrderingAlarms
{
    public static void Add(WebApplicationBuilder builder) =>
        builder.AddCountAlarm(
            new Alarm("ordermall.order.overdue.count", "{order}", 0, "Orders are Pending, AwaitingPayment, Cancelling or unconfirmed beyond their time: forgotten, or a service has not answered for minutes."),
            $"""
             orders WHERE (due_at IS NOT NULL AND (due_at < now() - interval '1 minute' OR attempts > {AlarmSetup.AttemptsBeforeAlarm}
                     OR (status = 'AwaitingPayment' AND expires_at < now() - interval '1 minute')))
                 OR (due_at IS NULL AND expires_at < now() - interval '1 minute')
             """);
}
