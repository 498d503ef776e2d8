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
        PaymentAlarms.Add(builder);
    }

    /// <inheritdoc/>
    public static void Map(WebApplication app)
    {
        PaymentsApi.Map(app);
        PaymentCalls.Map(app);
        PaymentAudit.Map(app);
        PaymentEvents.Map(app);
        RepublishCalls.Map(app);
    }
}
