namespace OrderMall.ServiceDefaults.Database;

/// <summary>A request with an <c>Idempotency-Key</c> that made something, and what was answered: committed together with what it made.</summary>
public sealed class AnsweredRequest
{
    /// <summary>Whose key it is and which one, as SHA-256.</summary>
    public required byte[] Id { get; init; }

    /// <summary>What was asked for, as HMAC-SHA-256 with the key.</summary>
    public required byte[] Fingerprint { get; init; }

    /// <summary>Where what was made is.</summary>
    public required string? Location { get; init; }

    /// <summary>The answer, as JSON.</summary>
    public required string Body { get; init; }

    /// <summary>When (UTC).</summary>
    public required DateTimeOffset AnsweredAt { get; init; }
}
