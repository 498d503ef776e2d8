namespace OrderMall.Notification;

/// <summary>Messages that people read in the mall's app: <see cref="NotificationsApi"/>.</summary>
internal sealed class AppInbox : IMessageChannel
{
    public string TakeIn =>
        """
        INSERT INTO message (person_id, id, order_id, subject, text, channel, at, to_merchant)
        SELECT person_id, id, order_id, subject, text, 'app', at, to_merchant FROM letter ON CONFLICT DO NOTHING
        """;
}
