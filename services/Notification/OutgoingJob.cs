namespace OrderMall.Notification;

/// <summary>Takes up the messages of one sort that are due: to send them, and to forget those that were dealt with long ago.</summary>
internal abstract class OutgoingJob<T>(IServiceScopeFactory scopes, TimeProvider time, ICarrier<T> carrier, string queue, string order, ILogger logger)
    : DueWork<NotificationDb>(
        // Beyond the longest that one may take. Counted when it is taken up: one that ends the process each time comes to an end itself.
        new DueRows(queue, "id", carrier.TimeLimit + TimeSpan.FromSeconds(20)) { OrderBy = order, Set = "attempts = attempts + 1" }, scopes, time, logger)
    where T : Outgoing
{
    protected override Task ResumeAsync(IServiceProvider services, Guid id, CancellationToken cancellationToken) =>
        services.GetRequiredService<OutgoingSender<T>>().SendAsync(id, cancellationToken);
}

/// <inheritdoc/>
internal sealed class EmailJob(IServiceScopeFactory scopes, TimeProvider time, ICarrier<Email> carrier, ILogger<EmailJob> logger)
    : OutgoingJob<Email>(scopes, time, carrier, "email", "is_code, due_at", logger);

/// <inheritdoc/>
internal sealed class PushJob(IServiceScopeFactory scopes, TimeProvider time, ICarrier<Push> carrier, ILogger<PushJob> logger)
    : OutgoingJob<Push>(scopes, time, carrier, "push", "due_at", logger);
