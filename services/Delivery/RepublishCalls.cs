namespace OrderMall.Delivery;

/// <summary>Publishes again how far an order's parcel is: as a new event, which changes nothing for subscribers that have handled it.</summary>
internal static class RepublishCalls
{
    public static void Map(WebApplication app) => app.MapRepublications<DeliveryDb>(async (db, id, now, cancellationToken) =>
    {
        if (await db.Parcels.FindAsync([id], cancellationToken) is not { } parcel)
            return null;
        var type = parcel.Status switch
        {
            ParcelStatus.Preparing => ParcelEvent.PreparationStarted,
            ParcelStatus.Shipped => ParcelEvent.Shipped,
            ParcelStatus.Delivered => ParcelEvent.Delivered,
            _ => ParcelEvent.Stopped,
        };
        db.Publish(type, parcel, now);
        return [type];
    });
}
