namespace OrderMall.Dispatch;

/// <summary>A worker of a merchant, with at most one open visit a day, and one that is for no day. Completing a visit frees the worker for another of that day.</summary>
internal sealed class Worker
{
    private Worker()
    {
    }

    public Guid Id { get; private init; }

    public string MerchantId { get; private init; } = "";

    public string Name { get; private init; } = "";

    /// <summary>Since when nobody has needed them (UTC): they were hired, sent somewhere, or came back. Decides who is next.</summary>
    public DateTimeOffset? FreeSince { get; private set; }

    /// <summary>The next of the visits they are sent to.</summary>
    public Guid? OrderId { get; private set; }

    public static Worker Hired(string merchantId, string name, DateTimeOffset now) =>
        new() { Id = Guid.CreateVersion7(now), MerchantId = merchantId, Name = name, FreeSince = now };

    /// <summary>They are sent somewhere, or come back.</summary>
    /// <param name="next">The next of the visits they are sent to now.</param>
    public void Move(Guid? next, DateTimeOffset now) => (OrderId, FreeSince) = (next, now);
}

/// <summary>A day on which a worker is sent nowhere.</summary>
internal sealed class DayOff
{
    public required Guid WorkerId { get; init; }

    public required DateOnly Date { get; init; }
}
