namespace OrderMall.ServiceDefaults.Messaging;

/// <summary>An event of a committed change.</summary>
public abstract class CommittedEvent
{
    /// <summary>The CloudEvent id.</summary>
    public required Guid EventId { get; init; }

    /// <summary>Where it goes.</summary>
    public required string Topic { get; init; }

    /// <summary>The event's name.</summary>
    public required string Type { get; init; }

    /// <summary>The aggregate it belongs to.</summary>
    public required string Key { get; init; }

    /// <summary>The aggregate's version; <see langword="null"/> for events of a release that did not say.</summary>
    public long? Version { get; init; }

    /// <summary>The W3C trace context in which it happened.</summary>
    public string? TraceParent { get; init; }

    /// <summary>When it happened (UTC).</summary>
    public required DateTimeOffset CreatedAt { get; init; }
}

/// <summary>Waits to be published.</summary>
public sealed class OutboxMessage : CommittedEvent
{
    /// <summary>Grows in the order of commits of one <see cref="CommittedEvent.Key"/>.</summary>
    public long Id { get; init; }

    /// <summary>The event as JSON.</summary>
    public required string Data { get; init; }
}

/// <summary>The broker has taken it. A crash in between publishes it again: then it is here twice.</summary>
public sealed class PublishedEvent : CommittedEvent
{
    /// <summary>When the broker took it (UTC).</summary>
    public DateTimeOffset PublishedAt { get; init; }
}
