namespace OrderMall.Notification;

/// <summary>Takes up the emails that are due: to send them, and to forget those that were dealt with long ago.</summary>
internal sealed class EmailJob(IServiceScopeFactory scopes, TimeProvider time, SmtpOptions options, ILogger<EmailJob> logger)
    : DueWork<NotificationDb>(scopes, time, logger)
{
    // Beyond the longest that a server may take for one.
    private readonly TimeSpan _lease = options.TimeLimit + TimeSpan.FromSeconds(20);

    // Counted when it is taken up: one that ends the process each time comes to an end itself.
    protected override FormattableString Claim(DateTimeOffset now, int batchSize) =>
        $"""
         UPDATE email SET due_at = {now + _lease}, attempts = attempts + 1
         WHERE id IN (SELECT id FROM email WHERE due_at <= {now} ORDER BY is_code, due_at LIMIT {batchSize} FOR UPDATE SKIP LOCKED)
         RETURNING id AS "Value"
         """;

    protected override Task ResumeAsync(IServiceProvider services, Guid id, CancellationToken cancellationToken) =>
        services.GetRequiredService<EmailSender>().SendAsync(id, cancellationToken);
}
