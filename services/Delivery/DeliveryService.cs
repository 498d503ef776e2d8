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
        builder.AddJson(DeliveryJson.Default, ContractsJson.Default);
        builder.Services.AddSingleton<DeliveryEvents>();
    }

    /// <inheritdoc/>
    public static void Map(WebApplication app)
    {
        var inbound = app.Services.GetRequiredService<DeliveryEvents>();
        app.MapEvents<DeliveryDb>()
            .Once<StoreEvent>(DeliveryEvents.StoreTypes, inbound.Begin, DeliveryEvents.LoadAsync)
            .Once<OrderEvent>(DeliveryEvents.OrderTypes, inbound.EndAsync);
        DeliveriesApi.Map(app);
        StopCalls.Map(app);
        DeliveryAudit.Map(app);
        RepublishCalls.Map(app);
    }
}
