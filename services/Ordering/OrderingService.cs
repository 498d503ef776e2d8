using FluentValidation;
using OrderMall.Contracts;
using OrderMall.ServiceDefaults;
using OrderMall.ServiceDefaults.Database;
using OrderMall.ServiceDefaults.Sidecar;

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
        builder.Services.AddSingleton<PaymentClient>();
        builder.Services.AddSingleton<FulfilmentClient>();
        builder.Services.AddScoped<OrderSaga>();
        builder.Services.AddHostedService<SagaResumer>();
    }

    /// <inheritdoc/>
    public static void Map(WebApplication app)
    {
        OrdersApi.Map(app);
        OrderEvents.Map(app);
        AuditApi.Map(app);
    }
}
