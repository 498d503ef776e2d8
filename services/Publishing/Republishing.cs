using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using OrderMall.Contracts;

namespace OrderMall.Publishing;

/// <summary>Publishes the last event of a title again, under the id it had: only who missed it sees anything new. It carries all that came before.</summary>
internal static class Republishing
{
    public static void Map(WebApplication app) => app.MapPost("/republications", RepublishAsync).ExcludeFromDescription();

    private static async Task<Ok<RepublishAnswer>> RepublishAsync(RepublishRequest request, PublishingDb db, CancellationToken cancellationToken)
    {
        var registration = await db.Registrations.AsNoTracking().FirstOrDefaultAsync(registration => registration.Id == request.Id, cancellationToken);
        if (registration?.LastEvent() is not { } last)
            return TypedResults.Ok(new RepublishAnswer(registration is not null, []));
        db.Publish(last.Type, last.Event);
        await db.SaveChangesAsync(cancellationToken);
        return TypedResults.Ok(new RepublishAnswer(IsKnown: true, [last.Type]));
    }
}
