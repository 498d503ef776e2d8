namespace OrderMall.Ordering;

/// <summary>Orders and their saga.</summary>
public sealed class OrderingService : IMallService
{
    /// <inheritdoc/>
    public static string AppId => AppIds.Ordering;

    /// <inheritdoc/>
    public static void Configure(WebApplicationBuilder builder)
    {
        builder.AddDatabase<OrderingDb>();
        // Of what is never said to be over, such as a table that was confirmed. A complaint may still come for a while.
        builder.Services.AddSingleton(new Retention("orders", "id", "date", "phone IS NOT NULL") { Value = "phone" });
        // Attempts that came to nothing, which people have never seen: as long as a key has the answer that it got.
        builder.Services.AddSingleton(new Retention("orders", "id", "updated_at", "status = 'Rejected' AND history = '[]'"));
        builder.AddServiceClient(AppIds.Catalog);
        builder.AddServiceClient(AppIds.Payment);
        builder.AddServiceClient(AppIds.Store);
        builder.AddServiceClient(AppIds.Delivery);
        builder.AddServiceClient(AppIds.Dispatch);
        var isDemo = Demo.IsOn(builder);
        builder.Services.AddOptions<OrderingOptions>().BindConfiguration("Ordering")
            .PostConfigure(options => options.PaymentMethods = isDemo && options.PaymentMethods.Count == 0 ? [.. Demo.PaymentMethods] : options.PaymentMethods)
            .Validate(
                options => options.PaymentMethods.Count > 0 || !Payments.AreTaken(builder),
                "Ordering:PaymentMethods is not set: without a demo (Mall:Demo) name what the payment provider takes, such as Ordering__PaymentMethods__0=card, or say that there is none (Mall__Payments=false).")
            .ValidateDataAnnotations().ValidateOnStart().KeepCurrent();
        builder.AddJson(OrderingJson.Default, ContractsJson.Default);
        builder.AddValidators<OrderingService>();
        builder.Services.AddSingleton<CatalogClient>();
        builder.Services.AddSingleton<PaymentCircuit>();
        builder.Services.AddSingleton<PaymentClient>();
        builder.Services.AddSingleton<FulfilmentClient>();
        builder.Services.AddScoped<OrderSaga>();
        builder.Services.AddScoped<Placing>();
        builder.Services.AddSingleton<PlacingLeaseJob>();
        builder.Services.AddHostedService(services => services.GetRequiredService<PlacingLeaseJob>());
        builder.Services.AddHostedService<SagaJob>();
        OrderingAlarms.Add(builder);
    }

    /// <inheritdoc/>
    public static void Map(WebApplication app)
    {
        OrdersApi.Map(app);
        OrderingEvents.Map(app);
        OrderingAudit.Map(app);
        RepublishCalls.Map(app);
        HistoryCalls.Map(app);
    }
}
