using Microsoft.AspNetCore.Http.HttpResults;
using OrderMall.Contracts;

namespace OrderMall.MyPage;

/// <summary>Tells the audit what the pages show.</summary>
internal static class MyPageAudit
{
    public static void Map(WebApplication app) => app.MapPost("/audit/orders", ListAsync).ExcludeFromDescription();

    private static async Task<Ok<List<AuditedView>>> ListAsync(AuditPages asked, OrderPages pages, CancellationToken cancellationToken)
    {
        var customers = asked.Orders.ToDictionary(order => order.OrderId, order => order.CustomerId);
        var found = await pages.GetAsync(customers.Keys, cancellationToken);
        return TypedResults.Ok(found
            .Where(page => customers[page.OrderId] == page.CustomerId)
            .Select(page => new AuditedView(page.OrderId, page.Status.ToString(), page.Version))
            .ToList());
    }
}
