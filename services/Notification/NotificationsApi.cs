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
        var messages = db.Messages.AsNoTracking().Where(message => message.PersonId == personId || (message.PersonId == businessId && message.ToMerchant));
        if (page.After is { } after)
            messages = messages.Where(message => message.Id < after);
        var rows = await messages
            .OrderByDescending(message => message.Id)
            .Take(page.Limit + 1)
            .Select(message => new MessageView(message.Id, message.OrderId, message.Subject, message.Text, message.Channel, message.At))
            .ToListAsync(cancellationToken);
        return TypedResults.Ok(page.ToPage(rows, message => message.Id));
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
