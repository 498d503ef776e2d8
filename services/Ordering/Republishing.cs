using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using OrderMall.Contracts;

namespace OrderMall.Ordering;

/// <summary>Publishes an order's events again, under the ids they had: only who missed one sees anything new.</summary>
internal static class Republishing
{
    public static void Map(WebApplication app) => app.MapPost("/republications", RepublishAsync).ExcludeFromDescription();

    private static async Task<Ok<RepublishAnswer>> RepublishAsync(RepublishRequest request, OrderingDb db, CancellationToken cancellationToken)
    {
        if (await db.Orders.AsNoTracking().FirstOrDefaultAsync(order => order.Id == request.Id, cancellationToken) is not { } order)
            return TypedResults.Ok(new RepublishAnswer(IsKnown: false, []));
        var events = order.EventsAgain();
        foreach (var (type, e) in events)
            db.Publish(type, e);
        await db.SaveChangesAsync(cancellationToken);
        return TypedResults.Ok(new RepublishAnswer(IsKnown: true, [.. events.Select(e => e.Type)]));
    }
}
