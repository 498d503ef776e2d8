using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using OrderMall.Catalog;
using OrderMall.Contracts;
using OrderMall.ServiceDefaults.Api;

namespace OrderMall.Services.Tests;

/// <summary>Lists and searches of many offers, most of which are over.</summary>
[Collection(ServiceCollection.Name)]
public sealed class OfferSearchTests(OfferSearchTests.ManyOffers many) : IClassFixture<OfferSearchTests.ManyOffers>
{
    private const int Offers = 20_000;
    private const int FillingLimit = 300;

    [Theory]
    [InlineData(null, null)]
    [InlineData("table", null)]
    [InlineData("nothing", null)]
    [InlineData(null, "zz7qz")]
    [InlineData(null, "zq")]
    [InlineData(null, "q")]
    [InlineData(null, "e")]
    [InlineData(null, "TABLE at")]
    [InlineData(null, "강")]
    [InlineData(null, "한강 요가")]
    [InlineData(null, "귤")]
    [InlineData("table", "zz7qz")]
    [InlineData("table", "요가")]
    public async Task A_page_takes_few_rows_whatever_is_looked_for(string? kind, string? text)
    {
        await using var db = many.Context();
        await using var command = OffersApi.Listed(text is null ? db.Offers : db.WithTitle(text), kind, new PageRequest(20, After: null), many.Today).CreateDbCommand();
        command.CommandText = $"EXPLAIN (ANALYZE, FORMAT JSON) {command.CommandText}";
        await db.Database.OpenConnectionAsync();
        var plan = JsonDocument.Parse((string)(await command.ExecuteScalarAsync())!).RootElement[0].GetProperty("Plan");
        Assert.DoesNotContain(Nodes(plan), node => node.GetProperty("Node Type").GetString()!.Contains("Seq Scan", StringComparison.Ordinal));
        Assert.InRange(Nodes(plan).Sum(node => Rows(node, "Rows Removed by Filter") + Rows(node, "Rows Removed by Index Recheck")), 0, 2000);
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

    private static IEnumerable<JsonElement> Nodes(JsonElement plan) =>
        plan.TryGetProperty("Plans", out var below) ? below.EnumerateArray().SelectMany(Nodes).Prepend(plan) : [plan];

    private static double Rows(JsonElement node, string name) => node.TryGetProperty(name, out var rows) ? rows.GetDouble() * node.GetProperty("Actual Loops").GetDouble() : 0;

    /// <summary>A catalog with many offers, nine of ten of days that are over.</summary>
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
                 INSERT INTO offer (id, merchant_id, kind, title, price, currency, prepayment, fulfilment, date, version, created_at, updated_at)
                 SELECT gen_random_uuid(), 'merchant ' || n % 100, (ARRAY['table', 'cleaning', 'class'])[1 + n % 3],
                        (ARRAY['Table at the window', 'Spring cleaning', '한강 요가 수업'])[1 + n % 3] || ' ' || (CASE WHEN n % 10 = 0 THEN 7 ELSE 0 END) || md5(n::text),
                        10000, 'KRW', 'None', 'None', $1 + CASE WHEN n % 10 = 0 THEN 90 ELSE -3 - n % 700 END, 1, now(), now()
                 FROM generate_series(1, {Offers}) AS n
                 """);
            fill.Parameters.Add(new() { Value = Today });
            fill.CommandTimeout = FillingLimit;
            await fill.ExecuteNonQueryAsync();
            // A replica that starts marks what is over.
            var replica = await Catalog.StartReplicaAsync();
            await Eventually.BecomesAsync(Offers * 9L / 10, async () =>
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
