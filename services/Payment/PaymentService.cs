namespace OrderMall.Payment;

/// <summary>Payments, deposits and refunds.</summary>
public sealed class PaymentService : IMallService
{
    /// <inheritdoc/>
    public static string AppId => AppIds.Payment;

    /// <inheritdoc/>
    public static void Configure(WebApplicationBuilder builder)
    {
        builder.AddDatabase<PaymentDb>();
        // Where no money was taken. What was taken and given back is kept as what was kept.
        builder.Services.AddSingleton(new Retention("payment", "order_id", "updated_at", "status = 'Declined' AND due_at IS NULL"));
        ProviderClient.Add(builder);
        builder.AddJson(PaymentJson.Default, ContractsJson.Default);
        builder.Services.AddScoped<Settlement>();
        builder.Services.AddHostedService<SettlementJob>();
        builder.AddAlarm(
            new Alarm("ordermall.payment.unsettled.count", "{payment}", 0, "Charges or refunds are not settled with the provider, which has not answered for minutes."),
            $"""
             SELECT count(*) FROM (
                 SELECT 1 FROM payment
                 WHERE due_at IS NOT NULL AND (due_at < now() - interval '1 minute' OR attempts > {AlarmSetup.AttemptsInVain})
                 LIMIT 1000) AS few
             """);
    }

    /// <inheritdoc/>
    public static void Map(WebApplication app)
    {
        PaymentsApi.Map(app);
        PaymentCalls.Map(app);
        PaymentAudit.Map(app);
        OrderEvents.Map(app);
        RepublishCalls.Map(app);
    }
}
