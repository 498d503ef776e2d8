namespace OrderMall.Notification;

/// <summary>Sends an email that was taken up, and notes what became of it.</summary>
internal sealed partial class EmailSender(NotificationDb db, Smtp smtp, SmtpOptions options, TimeProvider time, ILogger<EmailSender> logger)
{
    public async Task SendAsync(Guid id, CancellationToken cancellationToken)
    {
        if (await db.Emails.FirstOrDefaultAsync(email => email.Id == id, cancellationToken) is not { } email)
            return;
        if (email.Status != EmailStatus.Queued)
            db.Emails.Remove(email);
        else if (await HandOverAsync(email, cancellationToken) is { } refusal)
            NoteRefused(email, refusal);
        else
            email.Sent(time.Now());
        // What the server has taken is not sent again because we are stopping.
        await db.SaveChangesAsync(CancellationToken.None);
    }

    private async Task<Refusal?> HandOverAsync(Email email, CancellationToken cancellationToken) =>
        await db.People.AsNoTracking().FirstOrDefaultAsync(person => person.PersonId == email.PersonId, cancellationToken) is { } person
            ? await smtp.SendAsync(email, person)
            : new Refusal("the person's address is not known yet");

    private void NoteRefused(Email email, Refusal refusal)
    {
        email.Refused(refusal.IsFinal, options.RetryAfter, time.Now());
        if (email.Status == EmailStatus.Failed)
            LogGivenUp(email.Id, email.Attempts, refusal.Reason);
        else
            LogLater(email.Id, email.DueAt, refusal.Reason);
    }

    [LoggerMessage(LogLevel.Error, "Email {Id} is given up after {Attempts} attempts: {Reason}")]
    private partial void LogGivenUp(Guid id, int attempts, string reason);

    [LoggerMessage(LogLevel.Warning, "Email {Id} is tried again at {At:u}: {Reason}")]
    private partial void LogLater(Guid id, DateTimeOffset at, string reason);
}
