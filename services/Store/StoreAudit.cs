using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using OrderMall.Contracts;

namespace OrderMall.Store;

/// <summary>Tells the audit what the order book knows.</summary>
internal static class StoreAudit
{
    public static void Map(WebApplication app) => app.MapPost("/audit/orders", ListAsync).ExcludeFromDescription();

    private static async Task<Ok<List<AuditedView>>> ListAsync(AuditOrders asked, StoreDb db, CancellationToken cancellationToken) =>
        TypedResults.Ok((await db.Orders.AsNoTracking()
            .Where(order => asked.OrderIds.Contains(order.OrderId))
            .Select(order => new { order.OrderId, order.Status })
            .ToListAsync(cancellationToken)).ConvertAll(order => new AuditedView(order.OrderId, order.Status.ToString(), 0)));
}
