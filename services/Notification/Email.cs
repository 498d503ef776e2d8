namespace OrderMall.Notification;

/// <summary>Where an email is.</summary>
internal enum EmailStatus
{
    /// <summary>To be sent.</summary>
    Queued,

    /// <summary>The server has it. Final.</summary>
    Sent,

    /// <summary>Given up. Final.</summary>
    Failed,
}

/// <summary>An email to one person. Once it was dealt with it is kept for as long as its message may come again.</summary>
internal sealed class Email
{
    // The pauses between them double up to the longest: with a first one of 30 s they take eight hours.
    private const int MostAttempts = 12;
    private static readonly TimeSpan LongestPause = TimeSpan.FromHours(2);
    // As long as events are remembered that had their effect.
    private static readonly TimeSpan Memory = TimeSpan.FromDays(7);

    public required Guid Id { get; init; }

    public required string PersonId { get; init; }

    public required string Subject { get; init; }

    public required string Text { get; init; }

    public required EmailStatus Status { get; set; }

    /// <summary>How often it was taken up, counting the one that goes on.</summary>
    public required int Attempts { get; init; }

    /// <summary>When it is sent or, once it was dealt with, forgotten.</summary>
    public required DateTimeOffset DueAt { get; set; }

    /// <summary>When it was queued.</summary>
    public DateTimeOffset QueuedAt { get; init; }

    /// <summary>Whether it is one that confirms an address: <see cref="AddressBook"/>.</summary>
    public bool IsCode { get; init; }

    /// <summary>It was sent.</summary>
    public void Sent(DateTimeOffset now) => End(EmailStatus.Sent, now);

    /// <summary>It was not taken: it is tried again after a pause, or given up.</summary>
    public void Refused(bool isFinal, TimeSpan firstPause, DateTimeOffset now)
    {
        if (isFinal || Attempts >= MostAttempts)
            End(EmailStatus.Failed, now);
        else
            DueAt = now + TimeSpan.FromTicks(Math.Min(firstPause.Ticks << (Attempts - 1), LongestPause.Ticks));
    }

    private void End(EmailStatus status, DateTimeOffset now)
    {
        Status = status;
        DueAt = now + Memory;
    }
}
