namespace OrderMall.ServiceDefaults.Messaging;

/// <summary>An event that has had its effect: committed together with it.</summary>
public sealed class InboxEntry
{
    /// <summary>The CloudEvent id.</summary>
    public required string EventId { get; init; }

    /// <summary>When (UTC).</summary>
    public required DateTimeOffset HandledAt { get; init; }
}
