namespace OrderMall.Payment;

/// <summary>What can go wrong with payments.</summary>
internal static class PaymentAlarms
{
    public static void Add(WebApplicationBuilder builder) =>
        builder.AddCountAlarm(
            new Alarm("ordermall.payment.unsettled.count", "{payment}", 0, "Charges or refunds are not settled with the provider, which has not answered for minutes."),
            $"payment WHERE due_at IS NOT NULL AND (due_at < now() - interval '1 minute' OR attempts > {AlarmSetup.AttemptsBeforeAlarm})");
}
