namespace OrderMall.Publishing;

/// <summary>What the product team decided on titles.</summary>
internal sealed class ReviewEvents(TimeProvider time)
{
    public static void Map(WebApplication app) => app.MapEvents<PublishingDb>()
        .Once<ReviewEvent>([ReviewEvent.Approved, ReviewEvent.Rejected],
            app.Services.GetRequiredService<ReviewEvents>().ApplyAsync)
        .On<BusinessEvent>([BusinessEvent.RightsChanged], (services, events, cancellationToken) =>
            Seller.KeepAsync(services.GetRequiredService<PublishingDb>(), events, business => business.Publisher, services.GetRequiredService<TimeProvider>(), cancellationToken));

    private async Task ApplyAsync(PublishingDb db, CloudEvent<ReviewEvent> e, CancellationToken cancellationToken)
    {
        // One that was voided is gone: the store is told that as well.
        if (await db.Registrations.FirstOrDefaultAsync(registration => registration.Id == e.Data.TitleId, cancellationToken) is not { } registration)
            return;
        if (e.Type == ReviewEvent.Approved)
            registration.Approve(time.Now());
        else
            registration.Reject(e.Data.Reason, time.Now());
        db.PublishEvents(registration);
    }
}
