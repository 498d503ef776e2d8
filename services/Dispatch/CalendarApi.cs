using System.Security.Claims;

namespace OrderMall.Dispatch;

/// <summary>How full a merchant's days are.</summary>
/// <param name="From">The first of them.</param>
/// <param name="To">The last of them.</param>
/// <param name="Workers">How many workers there are, those who are off on a day too.</param>
/// <param name="Days">The days on which there is anything, the first first.</param>
internal sealed record CalendarView(DateOnly From, DateOnly To, int Workers, IReadOnlyList<CalendarDay> Days);

/// <summary>A day with visits, or with a worker off.</summary>
/// <param name="Waiting">How many visits have nobody yet.</param>
/// <param name="Assigned">To how many somebody comes.</param>
/// <param name="Completed">How many took place.</param>
/// <param name="Off">How many workers are sent nowhere; those of days that are over are not kept.</param>
internal sealed record CalendarDay(DateOnly Date, int Waiting, int Assigned, int Completed, int Off);

/// <summary>Merchants look at a month at once: which days are full, and which could take more.</summary>
internal static class CalendarApi
{
    // A month with the weeks that it begins and ends in.
    private const int MostDays = 42;

    public static void Map(WebApplication app) => app.MapGet("/api/assignments/days", GetAsync).WithTags("Assignments").RequireRole(Roles.Merchant)
        .WithName("GetAssignmentDays").WithSummary($"How many visits you have on each day, and how many workers are off, from one day to another: {MostDays} at most.");

    private static async Task<Results<Ok<CalendarView>, ValidationProblem>> GetAsync(
        string? from, string? to, ClaimsPrincipal user, DispatchDb db, CancellationToken cancellationToken)
    {
        var wrong = DayFilter.Read("from", from, out var first);
        wrong = DayFilter.Read("to", to, out var last) ?? wrong;
        if (wrong is not null)
            return wrong;
        if (first is not { } since || last is not { } until || since > until || until.DayNumber - since.DayNumber >= MostDays)
            return Problems.Invalid("from", $"Must be the first of at most {MostDays} days that end with 'to'.");

        var merchantId = user.Id();
        var visits = await db.Assignments
            .Where(visit => visit.MerchantId == merchantId && visit.Date >= since && visit.Date <= until && visit.Status != AssignmentStatus.Stopped)
            .GroupBy(visit => new { visit.Date, visit.Status })
            .Select(some => new { Date = some.Key.Date!.Value, some.Key.Status, Count = some.Count() })
            .ToListAsync(cancellationToken);
        var mine = db.Workers.Where(worker => worker.MerchantId == merchantId);
        var off = await db.DaysOff
            .Where(day => day.Date >= since && day.Date <= until && mine.Any(worker => worker.Id == day.WorkerId))
            .GroupBy(day => day.Date)
            .Select(some => new { Date = some.Key, Count = some.Count() })
            .ToDictionaryAsync(day => day.Date, day => day.Count, cancellationToken);
        var byDay = visits.ToLookup(some => some.Date);
        return TypedResults.Ok(new CalendarView(since, until, await mine.CountAsync(cancellationToken), [.. byDay.Select(day => day.Key).Union(off.Keys).Order().Select(day => new CalendarDay(
            day, Many(day, AssignmentStatus.Waiting), Many(day, AssignmentStatus.Assigned), Many(day, AssignmentStatus.Completed), off.GetValueOrDefault(day)))]));

        int Many(DateOnly day, AssignmentStatus status) => byDay[day].FirstOrDefault(some => some.Status == status)?.Count ?? 0;
    }
}
