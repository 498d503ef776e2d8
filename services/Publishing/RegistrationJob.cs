namespace OrderMall.Publishing;

/// <summary>Voids the attempts that a crash left: whether their reviews were taken in is unknown, and nobody waits for the answer any more.</summary>
internal sealed class RegistrationJob(IServiceScopeFactory scopes, TimeProvider time, ILogger<RegistrationJob> logger)
    : DueWork<PublishingDb>(Open, scopes, time, logger)
{
    private static readonly DueRows Open = new("registration", "id", Registration.Lease) { AreDueWithinLease = true };

    protected override async Task ResumeAsync(IServiceProvider services, Guid id, CancellationToken cancellationToken)
    {
        var db = services.GetRequiredService<PublishingDb>();
        if (await db.Registrations.FirstOrDefaultAsync(registration => registration.Id == id && registration.Status == TitleStatus.Pending, cancellationToken) is { } attempt)
            await db.VoidAsync(attempt, services.GetRequiredService<TimeProvider>().Now(), cancellationToken);
    }
}
