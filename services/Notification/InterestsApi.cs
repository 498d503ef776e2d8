using System.Security.Claims;
using FluentValidation;

namespace OrderMall.Notification;

/// <summary>The kinds of offers that a person wants to hear of when one is registered.</summary>
internal sealed record Interests(IReadOnlyList<string>? Kinds);

internal sealed class InterestsValidator : AbstractValidator<Interests>
{
    public InterestsValidator()
    {
        RuleFor(interests => interests.Kinds)
            .NotNull().WithMessage("Give a list of kinds such as [\"book\"]; an empty one for no interests.")
            .Must(kinds => kinds is null || kinds.Count <= 20).WithMessage("At most 20 kinds.");
        RuleForEach(interests => interests.Kinds).Kind();
    }
}

/// <summary>What people want to hear of.</summary>
internal static class InterestsApi
{
    public static void Map(WebApplication app)
    {
        var interests = app.MapGroup("/api/notifications/interests").WithTags("Notifications").RequireAuthorization();
        interests.MapGet("/", GetAsync)
            .WithName("GetInterests").WithSummary("The kinds of offers you hear of when one is registered.");
        interests.MapPut("/", PutAsync).WithValidation<Interests>()
            .WithName("PutInterests").WithSummary("Choose the kinds of offers you hear of; replaces what you chose before.");
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
            $"INSERT INTO interest (person_id, kinds) VALUES ({personId}, {kinds}) ON CONFLICT (person_id) DO UPDATE SET kinds = excluded.kinds",
            cancellationToken);
        return TypedResults.Ok(new Interests(kinds));
    }
}
