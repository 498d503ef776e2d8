namespace OrderMall.ServiceDefaults.Messaging;

/// <summary>An event that the broker has taken. A crash in between publishes it again: then it is here twice.</summary>
public sealed class PublishedEvent
{
    /// <summary>The CloudEvent id.</summary>
    public Guid EventId { get; init; }

    /// <summary>Where it went.</summary>
    public required string Topic { get; init; }

    /// <summary>The event's name.</summary>
    public required string Type { get; init; }

    /// <summary>The aggregate it belongs to.</summary>
    public required string Key { get; init; }

    /// <summary>The aggregate's version; <see langword="null"/> for events that waited while the service was replaced by a newer one.</summary>
    public long? Version { get; init; }

    /// <summary>The W3C trace context in which it happened.</summary>
    public string? TraceParent { get; init; }

    /// <summary>When it happened (UTC).</summary>
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>When the broker took it (UTC).</summary>
    public DateTimeOffset PublishedAt { get; init; }
}
