using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using OrderMall.Catalog;
using OrderMall.Contracts.Calls;

namespace OrderMall.Services.Tests;

/// <summary>Lists and searches of many offers, most of which are over.</summary>
[Collection(ServiceCollection.Name)]
public sealed class OfferSearchTests(OfferSearchTests.ManyOffers many) : IClassFixture<OfferSearchTests.ManyOffers>
{
    private const int Offers = 20_000;
    private const int FillingLimit = 300;

    [Theory]
    [InlineData("")]
    [InlineData("kind=table")]
    [InlineData("kind=nothing")]
    [InlineData("q=zz7qz")]
    [InlineData("q=zq")]
    [InlineData("q=q")]
    [InlineData("q=e")]
    [InlineData("q=TABLE at")]
    [InlineData("q=강")]
    [InlineData("q=한강 요가")]
    [InlineData("q=귤")]
    [InlineData("kind=table&q=zz7qz")]
    [InlineData("kind=table&q=요가")]
    [InlineData("date=10")]
    [InlineData("from=10&to=20")]
    [InlineData("from=10&to=80&sort=date")]
    [InlineData("sort=date")]
    [InlineData("sort=price")]
    [InlineData("sort=-price")]
    [InlineData("kind=table&sort=price")]
    [InlineData("kind=cleaning&sort=date")]
    [InlineData("place=hall 7")]
    [InlineData("place=강")]
    [InlineData("place=nowhere")]
    [InlineData("place=hall 7&sort=date")]
    [InlineData("date=10&place=hall 7")]
    [InlineData("kind=table&date=10&place=hall 7&available=1&sort=price")]
    [InlineData("merchantId=merchant 10")]
    [InlineData("merchantId=merchant 10&sort=date")]
    [InlineData("merchantId=nobody&sort=price")]
    [InlineData("q=요가&place=hall&from=5&to=25&available=2&sort=-price")]
    [InlineData("q=zz7qz&place=hall 7&sort=date")]
    [InlineData("q=clean&place=hall&sort=date")]
    [InlineData("q=clean&place=nowhere")]
    [InlineData("q=q&place=강&sort=price")]
    [InlineData("kind=table&q=window")]
    [InlineData("kind=class&q=table at the&sort=date")]
    [InlineData("kind=cleaning&q=window&place=강남&sort=-price")]
    [InlineData("date=10&q=요가")]
    [InlineData("merchantId=merchant 10&q=요가&sort=price")]
    [InlineData("kind=table&place=강남")]
    public async Task A_page_takes_few_rows_whatever_is_looked_for(string looked)
    {
        await using var db = many.Context();
        Assert.Null(OfferSearch.Read(Query(looked), out var search));
        await TakesFewRowsAsync(db, search, last: null);
        // And so does a page in the middle.
        var page = await search.PageAsync(db, offers => offers, 20, last: null, many.Today, CancellationToken.None);
        if (await page.Skip(20).FirstOrDefaultAsync() is { } last)
            await TakesFewRowsAsync(db, search, last);
    }

    [Theory]
    [InlineData("sort=date")]
    [InlineData("sort=price&kind=table")]
    [InlineData("sort=-price&place=Hall 1")]
    [InlineData("from=3&to=12")]
    public async Task The_cursor_walks_all_of_it_once_in_its_order(string looked)
    {
        var walked = new List<JsonElement>();
        for (string? after = null; ;)
        {
            var page = await many.Catalog.Internal.GetFromJsonAsync<JsonElement>($"/api/offers?limit=100&after={after}&{Written(looked)}");
            walked.AddRange(page.GetProperty("items").EnumerateArray());
            if ((after = page.GetProperty("next").GetString()) is null)
                break;
        }

        await using var db = many.Context();
        Assert.Null(OfferSearch.Read(Query(looked), out var search));
        var found = await search.PageAsync(db, offers => offers, limit: 100_000, last: null, many.Today, CancellationToken.None);
        var all = await found.Select(offer => offer.Id).ToListAsync();
        Assert.True(all.Count > 100, $"{all.Count} were found.");
        Assert.Equal(all, walked.Select(offer => offer.GetProperty("id").GetGuid()));
        var prices = walked.Select(offer => offer.GetProperty("price").GetDecimal()).ToList();
        if (search.Order == OfferOrder.Price)
            Assert.Equal(prices.Order(), prices);
        if (search.Order == OfferOrder.PriceFalling)
            Assert.Equal(prices.OrderDescending(), prices);
        var days = walked.Select(offer => offer.GetProperty("date").GetString()).ToList();
        if (search.Order == OfferOrder.Date)
            Assert.Equal(days.Order(), days);
        if (search.From is { } from)
            Assert.All(days, day => Assert.InRange(DateOnly.Parse(day!, System.Globalization.CultureInfo.InvariantCulture), from, search.To!.Value));
        if (search.Place is { } place)
            Assert.All(walked, offer => Assert.Contains(place, offer.GetProperty("place").GetString(), StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task A_vaccine_is_found_by_day_and_place_with_what_is_still_free()
    {
        await using var database = NpgsqlDataSource.Create(many.Catalog.ConnectionString);
        await using var put = database.CreateCommand(
            """
            INSERT INTO offer (id, merchant_id, kind, title, price, currency, prepayment, fulfilment, capacity, available, date, place, version, created_at, updated_at)
            SELECT gen_random_uuid(), 'clinic', 'vaccination', 'BCG', 0, 'KRW', 'None', 'None', 3, n, $1 + n % 2, 'Hangang Hospital', 1, now(), now() FROM generate_series(0, 3) AS n
            """);
        put.Parameters.Add(new() { Value = many.Today.AddDays(5) });
        await put.ExecuteNonQueryAsync();
        Assert.Equal([0, 2], await LeftAsync("date=5"));
        Assert.Equal([2], await LeftAsync("date=5&available=1"));
        Assert.Equal([0, 2, 1, 3], await LeftAsync("from=5&sort=date"));
        Assert.Equal([], await LeftAsync("to=4"));

        async Task<IEnumerable<int>> LeftAsync(string looked)
        {
            var found = await many.Catalog.Internal.GetFromJsonAsync<JsonElement>($"/api/offers?kind=vaccination&merchantId=clinic&q=bcg&place=hangang&{Written(looked)}");
            return found.GetProperty("items").EnumerateArray()
                .Select(offer => (Date: offer.GetProperty("date").GetString(), Left: offer.GetProperty("available").GetInt32()))
                .OrderBy(offer => offer.Date).ThenBy(offer => offer.Left).Select(offer => offer.Left);
        }
    }

    [Theory]
    [InlineData("date=yesterday", "date")]
    [InlineData("date=2026-01-01&from=2026-01-01", "date")]
    [InlineData("from=1.1.2026", "from")]
    [InlineData("from=2026-02-01&to=2026-01-31", "to")]
    [InlineData("available=0", "available")]
    [InlineData("available=some", "available")]
    [InlineData("sort=title", "sort")]
    [InlineData("after=0198c0de-0000-7000-8000-000000000000", "after")]
    public async Task What_cannot_be_looked_for_is_said(string query, string field)
    {
        using var answer = await many.Catalog.Internal.GetAsync($"/api/offers?{query}");
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.True((await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("errors").TryGetProperty(field, out _));
    }

    private async Task TakesFewRowsAsync(CatalogDb db, OfferSearch search, Offer? last)
    {
        var page = await search.PageAsync(db, offers => offers, 20, last, many.Today, CancellationToken.None);
        await using var command = page.CreateDbCommand();
        command.CommandText = $"EXPLAIN (ANALYZE, FORMAT JSON) {command.CommandText}";
        await db.Database.OpenConnectionAsync();
        var plan = JsonDocument.Parse((string)(await command.ExecuteScalarAsync())!).RootElement[0].GetProperty("Plan");
        Assert.DoesNotContain(Nodes(plan), node => node.GetProperty("Node Type").GetString()!.Contains("Seq Scan", StringComparison.Ordinal));
        // Those that are read and sorted are rows as well as those that are read and not looked for.
        Assert.InRange(Nodes(plan).Sum(node => Rows(node, "Rows Removed by Filter") + Rows(node, "Rows Removed by Index Recheck")) + Nodes(plan).Max(node => Heap(node)), 0, 1500);

        static double Heap(JsonElement node) => node.GetProperty("Node Type").GetString() == "Bitmap Heap Scan" ? Rows(node, "Actual Rows") : 0;
    }

    [Theory]
    [InlineData("table AT", 21)]
    [InlineData("한강 요가 수업 7", 21)]
    [InlineData("강", 21)]
    [InlineData("요가", 21)]
    [InlineData("%", 0)]
    [InlineData("_able", 0)]
    [InlineData("수업 0", 0)]
    public async Task A_text_of_any_length_is_found_within_titles(string text, int atLeast)
    {
        var found = (await many.Catalog.Internal.GetFromJsonAsync<JsonElement>($"/api/offers?limit=100&q={Uri.EscapeDataString(text)}")).GetProperty("items").EnumerateArray().ToList();
        Assert.True(atLeast == 0 ? found.Count == 0 : found.Count >= atLeast, $"{found.Count} were found.");
        Assert.All(found, offer => Assert.Contains(text, offer.GetProperty("title").GetString(), StringComparison.OrdinalIgnoreCase));
        Assert.All(found, offer => Assert.True(DateOnly.Parse(offer.GetProperty("date").GetString()!, System.Globalization.CultureInfo.InvariantCulture) >= many.Today));
    }

    [Fact]
    public async Task What_is_over_is_marked()
    {
        await using var database = NpgsqlDataSource.Create(many.Catalog.ConnectionString);
        await using var command = database.CreateCommand("SELECT count(*) FROM offer WHERE is_over <> (date < $1)");
        command.Parameters.Add(new() { Value = many.Today });
        Assert.Equal(0L, await command.ExecuteScalarAsync());
    }

    [Fact]
    public async Task What_was_marked_by_a_clock_that_was_wrong_is_listed_again()
    {
        await using var database = NpgsqlDataSource.Create(many.Catalog.ConnectionString);
        await using var mark = database.CreateCommand("UPDATE offer SET is_over = true WHERE id = (SELECT id FROM offer WHERE NOT is_over LIMIT 1)");
        Assert.Equal(1, await mark.ExecuteNonQueryAsync());
        var replica = await many.Catalog.StartReplicaAsync();
        await Eventually.BecomesAsync(true, async () =>
        {
            await using var wrong = database.CreateCommand("SELECT count(*) = 0 FROM offer WHERE is_over <> (date < $1)");
            wrong.Parameters.Add(new() { Value = many.Today });
            return (bool)(await wrong.ExecuteScalarAsync())!;
        });
        await many.Catalog.StopReplicaAsync(replica);
    }

    [Fact]
    public async Task Reads_that_take_too_long_are_ended_with_a_word_and_keep_nobody_else_waiting()
    {
        await using var database = NpgsqlDataSource.Create(many.Catalog.ConnectionString);
        await using var connection = await database.OpenConnectionAsync();
        await using (var transaction = await connection.BeginTransactionAsync())
        {
            await using var hold = new NpgsqlCommand("LOCK TABLE offer IN ACCESS EXCLUSIVE MODE", connection);
            await hold.ExecuteNonQueryAsync();
            var reads = Task.WhenAll(Enumerable.Range(0, 20).Select(_ => many.Catalog.Internal.GetAsync("/api/offers?q=zz7qz")));
            Assert.Empty(await many.Catalog.AskAsync<List<AuditedHold>>("/audit/holds", new AuditOrders([Guid.NewGuid()])));
            Assert.False(reads.IsCompleted);
            foreach (var answer in await reads)
            {
                Assert.Equal((HttpStatusCode.ServiceUnavailable, true), (answer.StatusCode, answer.Headers.RetryAfter is not null));
                answer.Dispose();
            }
        }

        using var again = await many.Catalog.Internal.GetAsync("/api/offers?q=zz7qz");
        Assert.Equal(HttpStatusCode.OK, again.StatusCode);
    }

    // Days are written as how many from today on.
    private OfferQuery Query(string looked)
    {
        var fields = System.Web.HttpUtility.ParseQueryString(Written(looked));
        return new OfferQuery(fields["kind"], fields["q"], fields["date"], fields["from"], fields["to"], fields["place"], fields["merchantId"], fields["available"], fields["sort"]);
    }

    private string Written(string looked) => string.Join('&', looked.Split('&', StringSplitOptions.RemoveEmptyEntries).Select(field => field.Split('=')).Select(field =>
        $"{field[0]}={(field[0] is "date" or "from" or "to" ? $"{many.Today.AddDays(int.Parse(field[1], System.Globalization.CultureInfo.InvariantCulture)):yyyy-MM-dd}" : Uri.EscapeDataString(field[1]))}"));

    private static IEnumerable<JsonElement> Nodes(JsonElement plan) =>
        plan.TryGetProperty("Plans", out var below) ? below.EnumerateArray().SelectMany(Nodes).Prepend(plan) : [plan];

    private static double Rows(JsonElement node, string name) => node.TryGetProperty(name, out var rows) ? rows.GetDouble() * node.GetProperty("Actual Loops").GetDouble() : 0;

    /// <summary>A catalog with many offers, seven of ten of days that are over.</summary>
    public sealed class ManyOffers(ServiceFixture fixture) : IAsyncLifetime
    {
        internal RunningService<CatalogService> Catalog { get; } = new(fixture);

        internal DateOnly Today { get; } = DateOnly.FromDateTime(DateTimeOffset.UtcNow.UtcDateTime);

        public async Task InitializeAsync()
        {
            await Catalog.InitializeAsync();
            await using var database = NpgsqlDataSource.Create(Catalog.ConnectionString);
            await using var fill = database.CreateCommand(
                $"""
                 INSERT INTO offer (id, merchant_id, kind, title, price, currency, prepayment, fulfilment, place, date, version, created_at, updated_at)
                 SELECT gen_random_uuid(), 'merchant ' || n % 100, (ARRAY['table', 'cleaning', 'class'])[1 + n % 3],
                        (ARRAY['Table at the window', 'Spring cleaning', '한강 요가 수업'])[1 + n % 3] || ' ' || (CASE WHEN n % 10 < 3 THEN 7 ELSE 0 END) || md5(n::text),
                        10000 + n % 970, 'KRW', 'None', 'None', CASE WHEN n % 7 < 5 THEN 'Hall ' || n % 83 || ', 강남' END,
                        $1 + CASE WHEN n % 10 < 3 THEN 1 + n / 10 % 90 ELSE -3 - n % 700 END, 1, now(), now()
                 FROM generate_series(1, {Offers}) AS n
                 """);
            fill.Parameters.Add(new() { Value = Today });
            fill.CommandTimeout = FillingLimit;
            await fill.ExecuteNonQueryAsync();
            // A replica that starts marks what is over.
            var replica = await Catalog.StartReplicaAsync();
            await Eventually.BecomesAsync(Offers * 7L / 10, async () =>
            {
                await using var marked = database.CreateCommand("SELECT count(*) FROM offer WHERE is_over");
                return (long)(await marked.ExecuteScalarAsync())!;
            });
            await Catalog.StopReplicaAsync(replica);
            await using var analyze = database.CreateCommand("VACUUM ANALYZE offer");
            analyze.CommandTimeout = FillingLimit;
            await analyze.ExecuteNonQueryAsync();
        }

        internal CatalogDb Context() => new(new DbContextOptionsBuilder<CatalogDb>().UseNpgsql(Catalog.ConnectionString).Options);

        public Task DisposeAsync() => Catalog.DisposeAsync();
    }
}
