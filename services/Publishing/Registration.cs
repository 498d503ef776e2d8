namespace OrderMall.Publishing;

/// <summary>
/// The registration of a title, and the rules of its life. Where it stands is decided here alone: the product team's
/// decision counts if it comes before the publisher withdraws. It says by <see cref="TakeEvents"/> what has to be published.
/// </summary>
internal sealed class Registration
{
    // Beyond the time limit of the request that registers.
    internal static readonly TimeSpan Lease = TimeSpan.FromSeconds(30);

    private readonly List<(string Type, TitleEvent Event)> _events = [];

    private Registration()
    {
    }

    public Guid Id { get; private init; }

    public string PublisherId { get; private init; } = "";

    public string Title { get; private init; } = "";

    public string Author { get; private init; } = "";

    public string? Isbn { get; private init; }

    /// <summary>Of one copy, in <see cref="Currency"/>.</summary>
    public decimal Price { get; private init; }

    public string Currency { get; private init; } = "";

    public int Copies { get; private init; }

    public TitleStatus Status { get; private set; }

    public string? Reason { get; private set; }

    public long Version { get; private set; }

    public DateTimeOffset CreatedAt { get; private init; }

    public DateTimeOffset UpdatedAt { get; private set; }

    /// <summary>When the product team had it; <see langword="null"/> for an attempt, and for titles of the time before it was remembered.</summary>
    public DateTimeOffset? RegisteredAt { get; private set; }

    /// <summary>When it was approved; <see langword="null"/> for what never was, and for titles that were before it was remembered.</summary>
    public DateTimeOffset? ApprovedAt { get; private set; }

    /// <summary>When an attempt whose outcome is unknown is given up; <see langword="null"/> once it is a registration.</summary>
    public DateTimeOffset? DueAt { get; private set; }

    /// <summary>Begins an attempt: its review is requested next.</summary>
    public static Registration Begin(string publisherId, RegisterTitle request, string currency, DateTimeOffset now) => new()
    {
        Id = Guid.CreateVersion7(now),
        PublisherId = publisherId,
        Title = request.Title!,
        Author = request.Author!,
        Isbn = request.Isbn,
        Price = request.Price!.Value,
        Currency = currency,
        Copies = request.Copies!.Value,
        Status = TitleStatus.Pending,
        Version = 1,
        CreatedAt = now,
        UpdatedAt = now,
        DueAt = now + Lease,
    };

    /// <summary>The product team has it: it is a registration from now on.</summary>
    public void TakeIn(DateTimeOffset now)
    {
        RequirePending();
        RegisteredAt = now;
        MoveTo(TitleStatus.InReview, TitleEvent.Registered, now);
    }

    /// <summary>The attempt came to nothing: it is to be deleted.</summary>
    public void Void(DateTimeOffset now)
    {
        RequirePending();
        MoveTo(TitleStatus.Cancelled, TitleEvent.Voided, now);
    }

    /// <summary>The product team approved. What its publisher withdrew before stays so.</summary>
    public void Approve(DateTimeOffset now)
    {
        if (!IsInReview(now))
            return;
        ApprovedAt = now;
        MoveTo(TitleStatus.Approved, TitleEvent.Approved, now);
    }

    /// <summary>The product team refused. What its publisher withdrew before stays so.</summary>
    public void Reject(string? reason, DateTimeOffset now)
    {
        if (!IsInReview(now))
            return;
        Reason = reason;
        MoveTo(TitleStatus.Rejected, TitleEvent.Rejected, now);
    }

    /// <summary>Its publisher withdraws it, also when it is on sale already.</summary>
    /// <returns>Whether it is withdrawn; <see langword="false"/> when it was refused before.</returns>
    public bool Cancel(DateTimeOffset now)
    {
        if (Status == TitleStatus.Approved)
            ApprovedAt ??= UpdatedAt;
        if (Status is TitleStatus.InReview or TitleStatus.Approved)
            MoveTo(TitleStatus.Cancelled, TitleEvent.Cancelled, now);
        return Status == TitleStatus.Cancelled;
    }

    /// <summary>What happened since the last call, oldest first: the name of each event and the event.</summary>
    public IReadOnlyList<(string Type, TitleEvent Event)> TakeEvents()
    {
        var events = _events.ToList();
        _events.Clear();
        return events;
    }

    /// <summary>The last that happened to it, as it was told then; <see langword="null"/> while it is only an attempt.</summary>
    public (string Type, TitleEvent Event)? LastEvent() => Status switch
    {
        TitleStatus.InReview => (TitleEvent.Registered, ToEvent()),
        TitleStatus.Approved => (TitleEvent.Approved, ToEvent()),
        TitleStatus.Rejected => (TitleEvent.Rejected, ToEvent()),
        TitleStatus.Cancelled => (TitleEvent.Cancelled, ToEvent()),
        _ => null,
    };

    /// <summary>All that its events have said so far; <see langword="null"/> while it is only an attempt.</summary>
    public History<TitleEvent, TitleStatus>? ToHistory()
    {
        if (Status == TitleStatus.Pending)
            return null;
        var last = new PastStatus<TitleStatus>(Status, UpdatedAt, Version, Reason);
        if (Status == TitleStatus.InReview)
            return new(ToEvent(), [last]);
        // Before it was decided on it was in review; before it was withdrawn perhaps approved.
        var isAfterApproval = Status == TitleStatus.Cancelled && ApprovedAt is not null;
        var inReview = new PastStatus<TitleStatus>(TitleStatus.InReview, RegisteredAt ?? CreatedAt, Version - (isAfterApproval ? 2 : 1));
        return new(ToEvent(), isAfterApproval ? [inReview, new(TitleStatus.Approved, ApprovedAt!.Value, Version - 1), last] : [inReview, last]);
    }

    // A decision proves that the review was taken in, even if the answer that says so is still on its way.
    private bool IsInReview(DateTimeOffset now)
    {
        if (Status == TitleStatus.Pending)
            TakeIn(now);
        return Status == TitleStatus.InReview;
    }

    private void MoveTo(TitleStatus status, string eventType, DateTimeOffset now)
    {
        Status = status;
        Version++;
        UpdatedAt = now;
        DueAt = null;
        _events.Add((eventType, ToEvent()));
    }

    private TitleEvent ToEvent() => new(Id, Version, UpdatedAt, Status, Reason, PublisherId, Title, Author, Price, Currency, Copies, ApprovedAt is not null);

    private void RequirePending()
    {
        if (Status != TitleStatus.Pending)
            throw new InvalidOperationException($"Registration {Id} is {Status}.");
    }
}
