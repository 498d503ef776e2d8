using System.Linq.Expressions;
using System.Security.Claims;

namespace OrderMall.Notification;

/// <summary>What a person reads: what they were told, and what their business was as a seller.</summary>
/// <param name="BusinessId">The business; <see langword="null"/> where there is none, or the person's own.</param>
internal sealed record Inbox(string PersonId, string? BusinessId)
{
    /// <summary>More unread messages than these are counted as so many.</summary>
    public const int MostCounted = 1000;

    public static Inbox Of(ClaimsPrincipal user) => new(user.Id(), user.BusinessId() is { } business && business != user.Id() ? business : null);

    /// <summary>Until where the person has read; <see langword="null"/> where they never said so.</summary>
    public Task<ReadMark?> MarkAsync(NotificationDb db, CancellationToken cancellationToken) =>
        db.ReadMarks.AsNoTracking().FirstOrDefaultAsync(mark => mark.PersonId == PersonId, cancellationToken);

    /// <summary>The newest that are older than one.</summary>
    public IQueryable<InboxMessage> Newest(NotificationDb db, Guid? before, int count) => Messages(
        whose =>
        {
            var those = db.Messages.AsNoTracking().Where(whose);
            if (before is { } id)
                those = those.Where(message => message.Id < id);
            return those.OrderByDescending(message => message.Id).Take(count);
        })
        .OrderByDescending(message => message.Id)
        .Take(count)
        .Select(message => new InboxMessage(message.Id, message.OrderId, message.Subject, message.Text, message.Channel, message.At));

    /// <summary>How many are newer than what the person has read.</summary>
    public async Task<int> CountUnreadAsync(NotificationDb db, ReadMark? mark, CancellationToken cancellationToken) => Math.Min(MostCounted, await Messages(
        whose =>
        {
            var those = db.Messages.AsNoTracking().Where(whose);
            if (mark is { Until: var until })
                those = those.Where(message => message.Id > until);
            return those.OrderBy(message => message.Id).Take(MostCounted);
        })
        .CountAsync(cancellationToken));

    // Each in the order of its index: asked for in one, all that there ever was would be sorted.
    private IQueryable<StoredMessage> Messages(Func<Expression<Func<StoredMessage, bool>>, IQueryable<StoredMessage>> few)
    {
        var messages = few(message => message.PersonId == PersonId);
        return BusinessId is null ? messages : messages.Concat(few(message => message.PersonId == BusinessId && message.ToMerchant));
    }
}

/// <summary>A message in somebody's inbox.</summary>
internal sealed record InboxMessage(Guid Id, Guid? OrderId, string Subject, string Text, string Channel, DateTimeOffset At)
{
    public MessageView ToView(ReadMark? mark) => new(Id, OrderId, Subject, Text, Channel, At, IsReadBy(mark));

    public bool IsReadBy(ReadMark? mark) => mark is not null && Id.CompareTo(mark.Until) <= 0;
}
