using System.Linq.Expressions;
using System.Security.Claims;
using System.Text.Json.Serialization;

namespace OrderMall.Notification;

/// <summary>A message as the person reads it.</summary>
internal sealed record MessageView(Guid Id, Guid? OrderId, string Subject, string Text, string Channel, DateTimeOffset At);

/// <summary>What people were told.</summary>
internal static class NotificationsApi
{
    public static void Map(WebApplication app) =>
        app.MapGet("/api/notifications", ListAsync).RequireAuthorization()
            .WithTags("Notifications").WithName("ListNotifications").WithSummary("What you were told, newest first.");

    private static async Task<Ok<Page<MessageView>>> ListAsync(
        PageRequest page, ClaimsPrincipal user, NotificationDb db, CancellationToken cancellationToken)
    {
        var (personId, businessId) = (user.Id(), user.BusinessId());
        // What a business is told all who belong to it read.
        var messages = Newest(message => message.PersonId == personId);
        // Each in the order of its index: asked for in one, all that there ever was would be sorted.
        if (businessId is not null && businessId != personId)
            messages = messages.Concat(Newest(message => message.PersonId == businessId && message.ToMerchant));
        var rows = await messages
            .OrderByDescending(message => message.Id)
            .Take(page.Limit + 1)
            .Select(message => new MessageView(message.Id, message.OrderId, message.Subject, message.Text, message.Channel, message.At))
            .ToListAsync(cancellationToken);
        return TypedResults.Ok(page.ToPage(rows, message => message.Id));

        IQueryable<StoredMessage> Newest(Expression<Func<StoredMessage, bool>> whose)
        {
            var those = db.Messages.AsNoTracking().Where(whose);
            if (page.After is { } after)
                those = those.Where(message => message.Id < after);
            return those.OrderByDescending(message => message.Id).Take(page.Limit + 1);
        }
    }
}

[JsonSourceGenerationOptions(System.Text.Json.JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(Page<MessageView>))]
[JsonSerializable(typeof(Interests))]
[JsonSerializable(typeof(ChosenLanguage))]
[JsonSerializable(typeof(Dictionary<string, AnnouncementText>))]
[JsonSerializable(typeof(Address))]
[JsonSerializable(typeof(Confirmation))]
internal sealed partial class NotificationJson : JsonSerializerContext;
