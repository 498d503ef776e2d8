namespace OrderMall.Notification;

/// <summary>Whom a message is for.</summary>
/// <param name="Person">Their address; <see langword="null"/> where it is not known.</param>
/// <param name="Language">What they read (ISO 639-1).</param>
internal sealed record Recipient(Person? Person, string Language);

/// <summary>Why a message was not taken.</summary>
/// <param name="Reason">In words of ours: what somebody else says may name the address, and this is logged.</param>
/// <param name="IsFinal">Whether a retry cannot succeed.</param>
internal sealed record Refusal(string Reason, bool IsFinal = false);

/// <summary>Carries messages of one sort to people.</summary>
internal interface ICarrier<in T>
    where T : Outgoing
{
    /// <summary>The longest that one may take.</summary>
    TimeSpan TimeLimit { get; }

    /// <summary>The pause after the first attempt; it doubles with each.</summary>
    TimeSpan RetryAfter { get; }

    /// <summary>Hands one over. Never throws.</summary>
    /// <returns><see langword="null"/> when it was taken.</returns>
    Task<Refusal?> SendAsync(T message, Recipient to);
}

/// <summary>Sends a message that was taken up, and notes what became of it.</summary>
internal sealed partial class OutgoingSender<T>(NotificationDb db, ICarrier<T> carrier, TimeProvider time, ILogger<OutgoingSender<T>> logger)
    where T : Outgoing
{
    public async Task SendAsync(Guid id, CancellationToken cancellationToken)
    {
        if (await db.Set<T>().FirstOrDefaultAsync(message => message.Id == id, cancellationToken) is not { } message)
            return;
        if (message.Status != OutgoingStatus.Queued)
            db.Remove(message);
        else if (await carrier.SendAsync(message, await RecipientAsync(message.PersonId, cancellationToken)) is { } refusal)
            NoteRefused(message, refusal);
        else
            message.Sent(time.Now());
        // What was taken is not sent again because we are stopping.
        await db.SaveChangesAsync(CancellationToken.None);
    }

    private async Task<Recipient> RecipientAsync(string personId, CancellationToken cancellationToken) => new(
        await db.People.AsNoTracking().FirstOrDefaultAsync(person => person.PersonId == personId, cancellationToken),
        await db.LanguageOfAsync(personId, cancellationToken));

    private void NoteRefused(T message, Refusal refusal)
    {
        message.Refused(refusal.IsFinal, carrier.RetryAfter, time.Now());
        if (message.Status == OutgoingStatus.Failed)
            LogGivenUp(typeof(T).Name, message.Id, message.Attempts, refusal.Reason);
        else
            LogLater(typeof(T).Name, message.Id, message.DueAt, refusal.Reason);
    }

    [LoggerMessage(LogLevel.Error, "{Sort} {Id} is given up after {Attempts} attempts: {Reason}")]
    private partial void LogGivenUp(string sort, Guid id, int attempts, string reason);

    [LoggerMessage(LogLevel.Warning, "{Sort} {Id} is tried again at {At:u}: {Reason}")]
    private partial void LogLater(string sort, Guid id, DateTimeOffset at, string reason);
}
