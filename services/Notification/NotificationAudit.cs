using System.Globalization;

namespace OrderMall.Notification;

/// <summary>Tells the audit how often customers were told of their orders.</summary>
internal static class NotificationAudit
{
    public static void Map(WebApplication app) => app.MapPost("/audit/orders", CountAsync).ExcludeFromDescription();

    private static async Task<Ok<List<AuditedView>>> CountAsync(AuditOrders asked, NotificationDb db, CancellationToken cancellationToken) =>
        TypedResults.Ok((await db.Messages.AsNoTracking()
            .Where(message => message.OrderId != null && !message.ToMerchant && asked.OrderIds.Contains(message.OrderId.Value))
            .GroupBy(message => message.OrderId!.Value)
            .Select(messages => new { OrderId = messages.Key, Count = messages.Count() })
            .ToListAsync(cancellationToken))
            .ConvertAll(order => new AuditedView(order.OrderId, order.Count.ToString(CultureInfo.InvariantCulture), 0)));
}
