namespace OrderMall.Notification;

/// <summary>Something to tell people, however it reaches them.</summary>
/// <param name="Id">The same for everybody who is told.</param>
/// <param name="OrderId">The order it is about, if it is about one.</param>
/// <param name="Text">The whole message, plain text.</param>
/// <param name="At">When it happened (UTC).</param>
internal sealed record Message(Guid Id, Guid? OrderId, string Subject, string Text, DateTimeOffset At)
{
    /// <summary>The id of an event's message: sorted by the time it happened, and the same for the same event.</summary>
    public static Guid IdOf(string eventId, DateTimeOffset at, long version) => StableId.Of(eventId, at, version);
}
