namespace OrderMall.ServiceDefaults.Messaging;

/// <summary>An event that could not be handled however often it was tried: parked until somebody looks.</summary>
public sealed record DeadLetter
{
    /// <summary>The CloudEvent id; made of the event itself where it has none to be asked for by.</summary>
    public required string EventId { get; init; }

    /// <summary>The topic it was published to.</summary>
    public required string Topic { get; init; }

    /// <summary>The event's name.</summary>
    public required string Type { get; init; }

    /// <summary>The whole CloudEvent as JSON.</summary>
    public required string Envelope { get; init; }

    /// <summary>When it was parked (UTC).</summary>
    public required DateTimeOffset ParkedAt { get; init; }

    /// <summary>Why it could not be handled, as of the last try.</summary>
    public required string Reason { get; init; }
}
