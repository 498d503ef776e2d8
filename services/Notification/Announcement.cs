namespace OrderMall.Notification;

/// <summary>What everybody with an interest in a kind is told. Once all are it is kept for as long as it counts towards what its merchant may cause.</summary>
internal sealed class Announcement
{
    /// <summary>For how long it counts.</summary>
    public static readonly TimeSpan Memory = TimeSpan.FromDays(1);

    /// <summary>The id of the message.</summary>
    public required Guid Id { get; init; }

    public required string MerchantId { get; init; }

    public required string Kind { get; init; }

    public required string Subject { get; init; }

    public required string Text { get; init; }

    /// <summary>The same in each language, as JSON; what is not in there is told as above.</summary>
    public string Texts { get; init; } = "{}";

    /// <summary>When it happened (UTC).</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>The last person who was told, in the order of their ids.</summary>
    public string ToldTo { get; init; } = "";

    /// <summary>Whether everybody was.</summary>
    public bool IsTold { get; init; }

    /// <summary>When it is gone on with or, once everybody was told, forgotten.</summary>
    public required DateTimeOffset DueAt { get; init; }
}

/// <summary>What it says in one language.</summary>
internal sealed record AnnouncementText(string Subject, string Text);
