namespace OrderMall.Publishing;

/// <summary>Voids the attempts that a crash left: whether their reviews were taken in is unknown, and nobody waits for the answer any more.</summary>
internal sealed class RegistrationJob(IServiceScopeFactory scopes, TimeProvider time, ILogger<RegistrationJob> logger)
    : DueWork<PublishingDb>(scopes, time, logger)
{
    // Nothing is ever due later than a lease from now, unless the clock was set back: then it is due too.
    protected override FormattableString Claim(DateTimeOffset now, int batchSize) =>
        $"""
         UPDATE registration SET due_at = {now + Registration.Lease}
         WHERE id IN (SELECT id FROM registration WHERE due_at <= {now} OR due_at > {now + (2 * Registration.Lease)} ORDER BY due_at LIMIT {batchSize} FOR UPDATE SKIP LOCKED)
         RETURNING id AS "Value"
         """;

    protected override async Task ResumeAsync(IServiceProvider services, Guid id, CancellationToken cancellationToken)
    {
        var db = services.GetRequiredService<PublishingDb>();
        if (await db.Registrations.FirstOrDefaultAsync(registration => registration.Id == id && registration.Status == TitleStatus.Pending, cancellationToken) is { } attempt)
            await db.VoidAsync(attempt, services.GetRequiredService<TimeProvider>().Now(), cancellationToken);
    }
}
