using System.Security.Claims;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Mvc;

namespace OrderMall.Notification;

/// <summary>A message as the person reads it.</summary>
/// <param name="IsRead">Whether the person has said that they have read until there.</param>
internal record MessageView(Guid Id, Guid? OrderId, string Subject, string Text, string Channel, DateTimeOffset At, bool IsRead);

/// <summary>A message as the person's event stream tells of it.</summary>
/// <param name="Unread">How many messages the person has not read then.</param>
internal sealed record StreamedMessageView(Guid Id, Guid? OrderId, string Subject, string Text, string Channel, DateTimeOffset At, bool IsRead, int Unread)
    : MessageView(Id, OrderId, Subject, Text, Channel, At, IsRead);

/// <summary>Says that a person has read their messages.</summary>
/// <param name="Until">The last one; <see langword="null"/> for all there are.</param>
internal sealed record HasRead(Guid? Until);

/// <summary>How many messages a person has not read.</summary>
/// <param name="Unread">At most <see cref="Inbox.MostCounted"/>.</param>
internal sealed record UnreadMessages(int Unread);

/// <summary>What people were told.</summary>
internal static class NotificationsApi
{
    public static void Map(WebApplication app)
    {
        var messages = app.MapGroup("/api/notifications").WithTags("Notifications").RequireAuthorization();
        messages.MapGet("/", ListAsync)
            .WithName("ListNotifications").WithSummary("What you were told, newest first.");
        messages.MapGet("/unread", CountAsync)
            .WithName("CountUnread").WithSummary($"How many of your messages you have not read, up to {Inbox.MostCounted}.");
        messages.MapPut("/read", ReadAsync).ProducesValidationProblem()
            .WithName("ReadNotifications").WithSummary("Says that you have read your messages until one of them, or all.");
        messages.MapGet("/events", ([FromHeader(Name = "Last-Event-ID")] string? lastEventId, HttpContext context, IServiceScopeFactory scopes) =>
                ChangeStream.OpenAsync(lastEventId, context, context.User.Id(), [new NewestMessages(scopes, Inbox.Of(context.User))]))
            .Produces<StreamedMessageView>(StatusCodes.Status200OK, "text/event-stream").ProducesProblem(StatusCodes.Status429TooManyRequests)
            .WithName("StreamNotifications").WithSummary("Your messages as they come, and again when you have read them, as server-sent events 'message'; 'heartbeat' says that the stream lives.");
    }

    private static async Task<Ok<Page<MessageView>>> ListAsync(PageRequest page, ClaimsPrincipal user, NotificationDb db, CancellationToken cancellationToken)
    {
        var inbox = Inbox.Of(user);
        var mark = await inbox.MarkAsync(db, cancellationToken);
        var rows = await inbox.Newest(db, page.After, page.Limit + 1).ToListAsync(cancellationToken);
        return TypedResults.Ok(page.ToPage(rows.ConvertAll(row => row.ToView(mark)), message => message.Id));
    }

    private static async Task<Ok<UnreadMessages>> CountAsync(ClaimsPrincipal user, NotificationDb db, CancellationToken cancellationToken)
    {
        var inbox = Inbox.Of(user);
        return TypedResults.Ok(new UnreadMessages(await inbox.CountUnreadAsync(db, await inbox.MarkAsync(db, cancellationToken), cancellationToken)));
    }

    private static async Task<Ok<UnreadMessages>> ReadAsync(
        HasRead read, ClaimsPrincipal user, NotificationDb db, Listeners listeners, TimeProvider time, CancellationToken cancellationToken)
    {
        var inbox = Inbox.Of(user);
        if (await inbox.Newest(db, before: null, 1).FirstOrDefaultAsync(cancellationToken) is { } newest)
        {
            // Nobody has read what is not there yet.
            var until = read.Until is { } last && last.CompareTo(newest.Id) < 0 ? last : newest.Id;
            await db.Database.ExecuteSqlAsync(
                $"""
                 INSERT INTO read_mark (person_id, until, at) VALUES ({inbox.PersonId}, {until}, {time.Now()})
                 ON CONFLICT (person_id) DO UPDATE SET until = excluded.until, at = excluded.at WHERE read_mark.until < excluded.until
                 """,
                cancellationToken);
            listeners.Wake(inbox.PersonId);
        }

        return TypedResults.Ok(new UnreadMessages(await inbox.CountUnreadAsync(db, await inbox.MarkAsync(db, cancellationToken), cancellationToken)));
    }
}

[JsonSourceGenerationOptions(System.Text.Json.JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(Page<MessageView>))]
[JsonSerializable(typeof(StreamedMessageView))]
[JsonSerializable(typeof(HasRead))]
[JsonSerializable(typeof(UnreadMessages))]
[JsonSerializable(typeof(Interests))]
[JsonSerializable(typeof(ChosenLanguage))]
[JsonSerializable(typeof(ChosenChannels))]
[JsonSerializable(typeof(Channels))]
[JsonSerializable(typeof(PushMessage))]
[JsonSerializable(typeof(Dictionary<string, AnnouncementText>))]
[JsonSerializable(typeof(Address))]
[JsonSerializable(typeof(Confirmation))]
internal sealed partial class NotificationJson : JsonSerializerContext;
