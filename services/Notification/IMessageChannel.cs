namespace OrderMall.Notification;

/// <summary>A way for messages to reach people.</summary>
internal interface IMessageChannel
{
    /// <summary>
    /// Takes messages in: inserts the rows of <c>letter</c> (person_id, id, order_id, subject, text, at, to_merchant) where
    /// the channel keeps them, and passes over those it has. The insertions of all channels run as one statement: what is
    /// taken in by one of them is taken in by all.
    /// </summary>
    string TakeIn { get; }
}
