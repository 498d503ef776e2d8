using System.Runtime.CompilerServices;

namespace OrderMall.Notification;

/// <summary>Takes up the messages of one sort that are due: to send them, and to forget those that were dealt with long ago.</summary>
internal abstract class OutgoingJob<T>(IServiceScopeFactory scopes, TimeProvider time, ICarrier<T> carrier, string queue, string order, ILogger logger)
    : DueWork<NotificationDb>(scopes, time, logger)
    where T : Outgoing
{
    // Counted when it is taken up: one that ends the process each time comes to an end itself.
    private readonly string _claim =
        $$"""
         UPDATE {{queue}} SET due_at = {0}, attempts = attempts + 1
         WHERE id IN (SELECT id FROM {{queue}} WHERE due_at <= {1} ORDER BY {{order}} LIMIT {2} FOR UPDATE SKIP LOCKED)
         RETURNING id AS "Value"
         """;
    // Beyond the longest that one may take.
    private readonly TimeSpan _lease = carrier.TimeLimit + TimeSpan.FromSeconds(20);

    protected override FormattableString Claim(DateTimeOffset now, int batchSize) => FormattableStringFactory.Create(_claim, now + _lease, now, batchSize);

    protected override Task ResumeAsync(IServiceProvider services, Guid id, CancellationToken cancellationToken) =>
        services.GetRequiredService<OutgoingSender<T>>().SendAsync(id, cancellationToken);
}

/// <inheritdoc/>
internal sealed class EmailJob(IServiceScopeFactory scopes, TimeProvider time, ICarrier<Email> carrier, ILogger<EmailJob> logger)
    : OutgoingJob<Email>(scopes, time, carrier, "email", "is_code, due_at", logger);

/// <inheritdoc/>
internal sealed class PushJob(IServiceScopeFactory scopes, TimeProvider time, ICarrier<Push> carrier, ILogger<PushJob> logger)
    : OutgoingJob<Push>(scopes, time, carrier, "push", "due_at", logger);
