using FluentValidation;
using OrderMall.Contracts;
using OrderMall.ServiceDefaults;
using OrderMall.ServiceDefaults.Alarms;
using OrderMall.ServiceDefaults.Database;
using OrderMall.ServiceDefaults.Dapr;

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
        builder.AddServiceClient(AppIds.Catalog);
        builder.AddServiceClient(AppIds.Payment);
        builder.AddServiceClient(AppIds.Store);
        builder.AddServiceClient(AppIds.Delivery);
        builder.AddServiceClient(AppIds.Dispatch);
        builder.Services.Configure<OrderingOptions>(builder.Configuration.GetSection("Ordering"));
        builder.Services.ConfigureHttpJsonOptions(json => json.SerializerOptions.TypeInfoResolverChain.Insert(0, OrderingJson.Default));
        builder.Services.AddSingleton<IValidator<PlaceOrder>, PlaceOrderValidator>();
        builder.Services.AddSingleton<CatalogClient>();
        builder.Services.AddSingleton<PaymentCircuit>();
        builder.Services.AddSingleton<PaymentClient>();
        builder.Services.AddSingleton<FulfilmentClient>();
        builder.Services.AddScoped<OrderSaga>();
        builder.Services.AddScoped<Placing>();
        builder.Services.AddSingleton<PlacingLeases>();
        builder.Services.AddHostedService(services => services.GetRequiredService<PlacingLeases>());
        builder.Services.AddHostedService<SagaResumer>();
        builder.AddAlarm(
            new Alarm("ordermall.order.overdue.count", "{order}", 0, "Orders are Pending, AwaitingPayment or Cancelling beyond their time: forgotten, or a service has not answered for minutes."),
            $"""
             SELECT count(*) FROM (
                 SELECT 1 FROM orders
                 WHERE due_at IS NOT NULL AND (due_at < now() - interval '1 minute' OR attempts > {AlarmSetup.AttemptsInVain}
                     OR (status = 'AwaitingPayment' AND expires_at < now() - interval '1 minute'))
                 LIMIT 1000) AS few
             """);
    }

    /// <inheritdoc/>
    public static void Map(WebApplication app)
    {
        OrdersApi.Map(app);
        OrderEvents.Map(app);
        AuditApi.Map(app);
        Republishing.Map(app);
        HistoryCalls.Map(app);
    }
}
