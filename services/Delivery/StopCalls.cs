namespace OrderMall.Delivery;

/// <summary>Ordering asks not to send the parcel of an order that was cancelled or rejected.</summary>
internal static class StopCalls
{
    public static void Map(WebApplication app) =>
        app.MapPost("/stops", async Task<Ok<StopAnswer>> (StopRequest request, DeliveryDb db, TimeProvider time, CancellationToken cancellationToken) =>
                TypedResults.Ok(new StopAnswer(await db.DecideAsync(() => StopAsync(request.OrderId, db, time, cancellationToken), cancellationToken))))
            .ExcludeFromDescription();

    /// <summary>Changes the context; the caller saves it.</summary>
    public static async Task<StopOutcome> StopAsync(Guid orderId, DeliveryDb db, TimeProvider time, CancellationToken cancellationToken)
    {
        var parcel = await db.Parcels.FindAsync([orderId], cancellationToken)
            ?? db.Parcels.Add(Parcel.StoppedBeforeItWasBegun(orderId)).Entity;
        if (parcel.Stop())
            db.Publish(ParcelEvent.Stopped, parcel, time.Now());
        return parcel.Status == ParcelStatus.Stopped ? StopOutcome.Stopped : StopOutcome.TooLate;
    }
}
