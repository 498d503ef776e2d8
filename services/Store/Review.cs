using System.Text.Json.Serialization;

namespace OrderMall.Store;

/// <summary>Where the review of a title stands.</summary>
[JsonConverter(typeof(NamedValueConverter<ReviewStatus>))]
internal enum ReviewStatus
{
    /// <summary>Nobody decided yet.</summary>
    Pending,

    /// <summary>A reviewer approved.</summary>
    Approved,

    /// <summary>A reviewer refused.</summary>
    Rejected,

    /// <summary>Nothing is to be decided any more: the publisher withdrew the title.</summary>
    Withdrawn,
}

/// <summary>The product team's review of a title. Publishing has the last word on what a decision counts for.</summary>
internal sealed class Review
{
    private Review()
    {
    }

    public Guid TitleId { get; private init; }

    public long Version { get; private set; } = 1;

    public ReviewStatus Status { get; private set; }

    /// <summary>The reviewer's words when it was refused.</summary>
    public string? Reason { get; private set; }

    /// <summary>Whether publishing has spoken: nothing but a withdrawal can change it any more.</summary>
    public bool IsFinal { get; private set; }

    public string PublisherId { get; private init; } = "";

    public string Title { get; private init; } = "";

    public string Author { get; private init; } = "";

    /// <summary>When publishing asked for it (UTC); <see langword="null"/> for a title that was withdrawn before. The rest is empty then.</summary>
    public DateTimeOffset? RequestedAt { get; private init; }

    public static Review Requested(ReviewRequest request, DateTimeOffset now) => new()
    {
        TitleId = request.TitleId,
        PublisherId = request.PublisherId,
        Title = request.Title,
        Author = request.Author,
        RequestedAt = now,
    };

    /// <summary>Remembers a title that was withdrawn before its review was requested.</summary>
    public static Review WithdrawnBeforeItCame(Guid titleId) => new() { TitleId = titleId, Status = ReviewStatus.Withdrawn, IsFinal = true };

    /// <summary>A reviewer decides.</summary>
    /// <param name="decision"><see cref="ReviewStatus.Approved"/> or <see cref="ReviewStatus.Rejected"/>.</param>
    public Decision Decide(ReviewStatus decision, string? reason)
    {
        if (Status == decision)
            return Decision.AlreadyMade;
        if (Status != ReviewStatus.Pending)
            return Decision.Refused($"The review is {Status}: only a Pending one can be decided.");
        Become(decision);
        Reason = reason;
        return Decision.Made;
    }

    /// <summary>Publishing says where the title stands, whatever a reviewer decided: only a withdrawal changes it after that.</summary>
    /// <returns>Whether the review is now another than before.</returns>
    public bool End(ReviewStatus status)
    {
        if (IsFinal)
            return false;
        var changed = Status != status;
        IsFinal = true;
        Become(status);
        return changed;
    }

    /// <summary>The publisher withdrew the title, whatever was decided: only one that publishing rejected stays so.</summary>
    /// <returns>Whether the review is now another than before.</returns>
    public bool Withdraw()
    {
        if (IsFinal && Status == ReviewStatus.Rejected)
            return false;
        IsFinal = true;
        if (Status == ReviewStatus.Withdrawn)
            return false;
        Become(ReviewStatus.Withdrawn);
        return true;
    }

    private void Become(ReviewStatus status)
    {
        Status = status;
        Version++;
    }
}
