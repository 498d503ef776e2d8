using System.Text.Json;

namespace OrderMall.Notification;

/// <summary>What one event stream tells of: the newest messages of its person, and which of them were read.</summary>
internal sealed class NewestMessages(IServiceScopeFactory scopes, Inbox inbox) : INewest
{
    private Seen _last = new([], null);
    private IReadOnlyList<IStreamed> _told = [];

    public async Task<IReadOnlyList<IStreamed>> GetNewestAsync(string personId, int count, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<NotificationDb>();
        var mark = await inbox.MarkAsync(db, cancellationToken);
        var seen = new Seen(await inbox.Newest(db, before: null, count).ToListAsync(cancellationToken), mark?.Until);
        // Usually nothing has happened since: then there is nothing to count.
        if (seen.IsLike(_last))
            return _told;
        var unread = await inbox.CountUnreadAsync(db, mark, cancellationToken);
        (_last, _told) = (seen, seen.Messages.ConvertAll(message => new Told(personId, message, mark, unread)));
        return _told;
    }

    private sealed record Seen(List<InboxMessage> Messages, Guid? Until)
    {
        public bool IsLike(Seen other) => Until == other.Until && Messages.Select(message => message.Id).SequenceEqual(other.Messages.Select(message => message.Id));
    }

    private sealed class Told(string personId, InboxMessage message, ReadMark? mark, int unread) : IStreamed
    {
        private readonly bool _isRead = message.IsReadBy(mark);

        public string Name => "message";

        public string PersonId => personId;

        public Guid Id => message.Id;

        public long Version => _isRead ? 2 : 1;

        public DateTimeOffset UpdatedAt => _isRead && mark!.At > message.At ? mark.At : message.At;

        public string ViewJson => JsonSerializer.Serialize(
            new StreamedMessageView(message.Id, message.OrderId, message.Subject, message.Text, message.Channel, message.At, _isRead, unread), NotificationJson.Default.StreamedMessageView);
    }
}
