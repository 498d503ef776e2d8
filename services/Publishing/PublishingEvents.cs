namespace OrderMall.Publishing;

/// <summary>What the product team decided on titles, and who may no longer sell.</summary>
internal static class PublishingEvents
{
    public static void Map(WebApplication app)
    {
        var time = app.Services.GetRequiredService<TimeProvider>();
        app.MapEvents<PublishingDb>()
            .Once<ReviewEvent>([ReviewEvent.Approved, ReviewEvent.Rejected], (db, e, cancellationToken) => ApplyAsync(db, e, time.Now(), cancellationToken))
            .On<BusinessEvent>([BusinessEvent.RightsChanged], (services, events, cancellationToken) =>
                Seller.KeepAsync(services.GetRequiredService<PublishingDb>(), events, business => business.Publisher, time, cancellationToken));
    }

    private static async Task ApplyAsync(PublishingDb db, CloudEvent<ReviewEvent> e, DateTimeOffset now, CancellationToken cancellationToken)
    {
        // One that was voided is gone: the store is told that as well.
        if (await db.Registrations.FirstOrDefaultAsync(registration => registration.Id == e.Data.TitleId, cancellationToken) is not { } registration)
            return;
        if (e.Type == ReviewEvent.Approved)
            registration.Approve(now);
        else
            registration.Reject(e.Data.Reason, now);
        db.PublishEvents(registration);
    }
}
