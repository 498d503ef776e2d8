using System.Security.Claims;
using Npgsql;

namespace OrderMall.Store;

/// <summary>What a merchant sold within some days.</summary>
/// <param name="From">The first of them.</param>
/// <param name="To">The last of them.</param>
/// <param name="Counts">How many of the orders that came in have which status now.</param>
/// <param name="Days">The days on which any of them came in that stand, newest first.</param>
internal sealed record SalesView(DateOnly From, DateOnly To, SortedDictionary<string, long> Counts, List<DaySales> Days);

/// <summary>What a merchant sold on a day, without what was cancelled or rejected since.</summary>
/// <param name="Day">In UTC.</param>
/// <param name="Orders">How many came in.</param>
/// <param name="Amount">What they cost, in <paramref name="Currency"/>.</param>
/// <param name="Prepaid">What of that was paid through the mall.</param>
internal sealed record DaySales(DateOnly Day, string Currency, long Orders, decimal Amount, decimal Prepaid);

/// <summary>Merchants count their orders and money.</summary>
internal static class SalesApi
{
    private const int DaysUnlessSaid = 30;
    private const int MostDays = 92;

    public static void Map(WebApplication app) => app.MapGet("/api/store/sales", GetAsync).RequireRole(Roles.Merchant, Roles.Publisher)
        .WithTags("Store").WithName("GetSales").WithSummary($"Your orders by status and your money by day, of the last {DaysUnlessSaid} days or of those from one to another, {MostDays} at most.");

    private static async Task<Results<Ok<SalesView>, ValidationProblem>> GetAsync(
        string? from, string? to, ClaimsPrincipal user, [FromKeyedServices(DatabaseSetup.PublicReads)] NpgsqlDataSource database, TimeProvider time, CancellationToken cancellationToken)
    {
        var wrong = DayFilter.Read("from", from, out var first);
        wrong = DayFilter.Read("to", to, out var last) ?? wrong;
        if (wrong is not null)
            return wrong;
        var until = last ?? DateOnly.FromDateTime(time.Now().UtcDateTime);
        var since = first ?? until.AddDays(1 - Math.Min(DaysUnlessSaid, until.DayNumber));
        if (since > until || until.DayNumber - since.DayNumber >= MostDays || until == DateOnly.MaxValue)
            return Problems.Invalid("from", $"Must be the first of at most {MostDays} days that end with 'to', which is today unless it is given.");

        // However many merchants count, orders are taken in over other connections.
        // What was taken in before amounts were remembered counts, and is no money.
        await using var command = database.CreateCommand(
            """
            SELECT (received_at AT TIME ZONE 'UTC')::date, status, currency, count(*), coalesce(sum(amount), 0), coalesce(sum(prepaid), 0)
            FROM store_order WHERE merchant_id = $1 AND received_at >= $2 AND received_at < $3
            GROUP BY 1, 2, 3
            """);
        command.Parameters.Add(new() { Value = user.Id() });
        command.Parameters.Add(new() { Value = new DateTimeOffset(since, TimeOnly.MinValue, TimeSpan.Zero) });
        command.Parameters.Add(new() { Value = new DateTimeOffset(until.AddDays(1), TimeOnly.MinValue, TimeSpan.Zero) });
        var counts = new SortedDictionary<string, long>(StringComparer.Ordinal);
        var days = new Dictionary<(DateOnly, string), DaySales>();
        await using var rows = await command.ExecuteReaderAsync(cancellationToken);
        while (await rows.ReadAsync(cancellationToken))
        {
            var (day, status, orders) = (rows.GetFieldValue<DateOnly>(0), rows.GetString(1), rows.GetInt64(3));
            counts[status] = counts.GetValueOrDefault(status) + orders;
            if (rows.IsDBNull(2) || status is nameof(StoreStatus.Cancelled) or nameof(StoreStatus.Rejected))
                continue;
            var currency = rows.GetString(2);
            var before = days.GetValueOrDefault((day, currency)) ?? new DaySales(day, currency, 0, 0, 0);
            days[(day, currency)] = before with { Orders = before.Orders + orders, Amount = before.Amount + rows.GetDecimal(4), Prepaid = before.Prepaid + rows.GetDecimal(5) };
        }

        return TypedResults.Ok(new SalesView(since, until, counts, [.. days.Values.OrderByDescending(day => day.Day).ThenBy(day => day.Currency, StringComparer.Ordinal)]));
    }
}
