using System.Security.Claims;
using FluentValidation;

namespace OrderMall.Notification;

/// <summary>The kinds of offers that a person wants to hear of when one is registered.</summary>
internal sealed record Interests(IReadOnlyList<string>? Kinds);

internal sealed class InterestsValidator : AbstractValidator<Interests>
{
    /// <summary>The most kinds that a person is interested in.</summary>
    public const int MostKinds = 20;

    public InterestsValidator()
    {
        RuleFor(interests => interests.Kinds)
            .NotNull().WithMessage("Give a list of kinds such as [\"book\"]; an empty one for no interests.")
            .Must(kinds => kinds is null || kinds.Count <= MostKinds).WithMessage($"At most {MostKinds} kinds.");
        RuleForEach(interests => interests.Kinds).Kind();
    }
}

/// <summary>What people want to hear of.</summary>
internal static class InterestsApi
{
    // Who declines more has forgotten the first of them.
    private const int MostDeclined = 100;

    public static void Map(WebApplication app)
    {
        var interests = app.MapGroup("/api/notifications/interests").WithTags("Notifications").RequireAuthorization();
        interests.MapGet("/", GetAsync)
            .WithName("GetInterests").WithSummary("The kinds of offers you hear of when one is registered: those that you chose, and those that you ordered.");
        interests.MapPut("/", PutAsync).WithValidation<Interests>()
            .WithName("PutInterests").WithSummary("Choose the kinds of offers you hear of; replaces what you chose before. What you take out stays out when you order it again.");
    }

    /// <summary>Who orders something has an interest in its kind, unless they have declined it. Again and again changes nothing.</summary>
    public static async Task RememberAsync(IServiceProvider services, IEnumerable<CloudEvent<OrderEvent>> events, CancellationToken cancellationToken)
    {
        var accepted = events.Where(e => e.Type == OrderEvent.Accepted).Select(e => (e.Data.CustomerId, e.Data.Kind)).Distinct().ToList();
        if (accepted.Count == 0)
            return;
        string[] people = [.. accepted.Select(order => order.CustomerId)], kinds = [.. accepted.Select(order => order.Kind)];
        // Nearly all have it already: of them nothing is written. In the order of people, so that no two statements wait for each other.
        await services.GetRequiredService<NotificationDb>().Database.ExecuteSqlAsync(
            $"""
             INSERT INTO interest (person_id, kinds)
             SELECT person_id, (array_agg(kind))[1:{InterestsValidator.MostKinds}]
             FROM unnest({people}, {kinds}) AS ordered (person_id, kind)
             WHERE NOT EXISTS (SELECT 1 FROM interest AS known WHERE known.person_id = ordered.person_id
                 AND (kind = ANY (kinds || declined) OR cardinality(kinds) >= {InterestsValidator.MostKinds}))
             GROUP BY person_id ORDER BY person_id
             ON CONFLICT (person_id) DO UPDATE SET kinds = (interest.kinds || ARRAY(
                 SELECT kind FROM unnest(excluded.kinds) AS kind WHERE kind <> ALL (interest.kinds || interest.declined)))[1:{InterestsValidator.MostKinds}]
             """,
            cancellationToken);
    }

    private static async Task<Ok<Interests>> GetAsync(ClaimsPrincipal user, NotificationDb db, CancellationToken cancellationToken)
    {
        var personId = user.Id();
        var stored = await db.Interests.AsNoTracking().FirstOrDefaultAsync(interest => interest.PersonId == personId, cancellationToken);
        return TypedResults.Ok(new Interests(stored?.Kinds ?? []));
    }

    private static async Task<Ok<Interests>> PutAsync(Interests interests, ClaimsPrincipal user, NotificationDb db, CancellationToken cancellationToken)
    {
        var personId = user.Id();
        string[] kinds = [.. interests.Kinds!.Distinct()];
        await db.Database.ExecuteSqlAsync(
            $"""
             INSERT INTO interest (person_id, kinds) VALUES ({personId}, {kinds})
             ON CONFLICT (person_id) DO UPDATE SET kinds = excluded.kinds, declined = ARRAY(
                 SELECT kind FROM unnest(interest.kinds || interest.declined) WITH ORDINALITY AS before (kind, nth)
                 WHERE kind <> ALL (excluded.kinds) GROUP BY kind ORDER BY min(nth) LIMIT {MostDeclined})
             """,
            cancellationToken);
        return TypedResults.Ok(new Interests(kinds));
    }
}
