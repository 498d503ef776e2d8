namespace OrderMall.Notification;

/// <summary>A message that the provider of push messages brings to a person's phone or browser.</summary>
internal sealed class Push : Outgoing
{
    /// <summary>The order it is about, if it is about one.</summary>
    public Guid? OrderId { get; init; }

    /// <summary>When what it says happened (UTC).</summary>
    public required DateTimeOffset At { get; init; }
}
