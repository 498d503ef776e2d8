using OrderMall.Contracts;
using OrderMall.ServiceDefaults;
using OrderMall.ServiceDefaults.Database;
using OrderMall.ServiceDefaults.Messaging;

namespace OrderMall.Delivery;

/// <summary>Parcels.</summary>
public sealed class DeliveryService : IMallService
{
    /// <inheritdoc/>
    public static string AppId => AppIds.Delivery;

    /// <inheritdoc/>
    public static void Configure(WebApplicationBuilder builder)
    {
        builder.AddDatabase<DeliveryDb>();
        builder.Services.ConfigureHttpJsonOptions(options => options.SerializerOptions.TypeInfoResolverChain.Insert(0, DeliveryJson.Default));
        builder.Services.AddSingleton<InboundEvents>();
    }

    /// <inheritdoc/>
    public static void Map(WebApplication app)
    {
        var inbound = app.Services.GetRequiredService<InboundEvents>();
        app.MapEvents<DeliveryDb>()
            .OnceIn<DeliveryDb, StoreEvent>(Topics.Store, ContractsJson.Default.CloudEventStoreEvent, InboundEvents.StoreTypes, inbound.BeginAsync)
            .OnceIn<DeliveryDb, OrderEvent>(Topics.Orders, ContractsJson.Default.CloudEventOrderEvent, InboundEvents.OrderTypes, inbound.EndAsync);
        DeliveriesApi.Map(app);
        Stops.Map(app);
        DeliveryAudit.Map(app);
        Republishing.Map(app);
    }
}
