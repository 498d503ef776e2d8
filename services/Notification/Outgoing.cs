namespace OrderMall.Notification;

/// <summary>Where an outgoing message is.</summary>
internal enum OutgoingStatus
{
    /// <summary>To be sent.</summary>
    Queued,

    /// <summary>Whoever carries it has it. Final.</summary>
    Sent,

    /// <summary>Given up. Final.</summary>
    Failed,
}

/// <summary>A message to one person that somebody else carries to them. Once it was dealt with it is kept for as long as it may come again.</summary>
internal abstract class Outgoing
{
    private const int AnHour = 60;
    private const int BesidesOrdersAnHour = 10;
    // The pauses between them double up to the longest: with a first one of 30 s they take eight hours.
    private const int MostAttempts = 12;
    private static readonly TimeSpan LongestPause = TimeSpan.FromHours(2);
    // As long as events are remembered that had their effect.
    private static readonly TimeSpan Memory = TimeSpan.FromDays(7);

    public required Guid Id { get; init; }

    public required string PersonId { get; init; }

    public required string Subject { get; init; }

    public required string Text { get; init; }

    public required OutgoingStatus Status { get; set; }

    /// <summary>How often it was taken up, counting the one that goes on.</summary>
    public required int Attempts { get; init; }

    /// <summary>When it is sent or, once it was dealt with, forgotten.</summary>
    public required DateTimeOffset DueAt { get; set; }

    /// <summary>When it was queued.</summary>
    public DateTimeOffset QueuedAt { get; init; }

    /// <summary>In SQL, the id of a <c>letter</c>'s: one for each person, and the same however often the message comes.</summary>
    public const string IdOfLetter = "encode(substr(sha256(convert_to(id || '/' || person_id, 'UTF8')), 1, 16), 'hex')::uuid";

    /// <summary>In SQL, whether a <c>letter</c> still fits in what its person is sent within an hour: the rest they read in the app. What is news may not use up what is for orders.</summary>
    public static string Fits(string queue) =>
        // With those that come with it.
        $"(SELECT count(*) FROM {queue} WHERE {queue}.person_id = letter.person_id AND queued_at > now() - interval '1 hour') + nth <= CASE WHEN order_id IS NULL THEN {BesidesOrdersAnHour} ELSE {AnHour} END";

    /// <summary>It was sent.</summary>
    public void Sent(DateTimeOffset now) => End(OutgoingStatus.Sent, now);

    /// <summary>It was not taken: it is retried after a back-off, or given up.</summary>
    public void Refused(bool isFinal, TimeSpan firstPause, DateTimeOffset now)
    {
        if (isFinal || Attempts >= MostAttempts)
            End(OutgoingStatus.Failed, now);
        else
            DueAt = now + TimeSpan.FromTicks(Math.Min(firstPause.Ticks << (Attempts - 1), LongestPause.Ticks));
    }

    private void End(OutgoingStatus status, DateTimeOffset now)
    {
        Status = status;
        DueAt = now + Memory;
    }
}
