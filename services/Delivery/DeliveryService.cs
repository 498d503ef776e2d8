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
    }

    /// <inheritdoc/>
    public static void Map(WebApplication app)
    {
        DeliveryEvents.Map(app);
        DeliveriesApi.Map(app);
        StopCalls.Map(app);
        DeliveryAudit.Map(app);
        RepublishCalls.Map(app);
    }
}
