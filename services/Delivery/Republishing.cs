using Microsoft.AspNetCore.Http.HttpResults;
using OrderMall.Contracts;
using OrderMall.ServiceDefaults;

namespace OrderMall.Delivery;

/// <summary>Publishes again how far an order's parcel is: as a new event, which changes nothing for who heard of it.</summary>
internal static class Republishing
{
    public static void Map(WebApplication app) => app.MapPost("/republications", RepublishAsync).ExcludeFromDescription();

    private static async Task<Ok<RepublishAnswer>> RepublishAsync(RepublishRequest request, DeliveryDb db, TimeProvider time, CancellationToken cancellationToken)
    {
        if (await db.Parcels.FindAsync([request.Id], cancellationToken) is not { } parcel)
            return TypedResults.Ok(new RepublishAnswer(IsKnown: false, []));
        var type = parcel.Status switch
        {
            ParcelStatus.Preparing => ParcelEvent.PreparationStarted,
            ParcelStatus.Shipped => ParcelEvent.Shipped,
            ParcelStatus.Delivered => ParcelEvent.Delivered,
            _ => ParcelEvent.Stopped,
        };
        db.Publish(type, parcel, time.Now());
        await db.SaveChangesAsync(cancellationToken);
        return TypedResults.Ok(new RepublishAnswer(IsKnown: true, [type]));
    }
}
