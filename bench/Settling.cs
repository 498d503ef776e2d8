using System.Diagnostics;
using System.Text.Json;
using Npgsql;

namespace OrderMall.Bench;

/// <summary>When an order is settled: every subscriber has had every event of it.</summary>
internal static class Settling
{
    private const int SampledOrders = 2000;
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    /// <summary>Waits until nothing waits in an outbox or in the broker any more: cheap to ask, where an audit asks for every order that ever was.</summary>
    /// <returns>How long of that nothing happened any more: what another broker holds is not known, only that nobody was given anything of it for a while.</returns>
    public static async Task<TimeSpan> WaitAsync(MallProcess mall, CancellationToken cancellationToken)
    {
        var names = await mall.DatabasesAsync(cancellationToken);
        var isKnown = names.Contains("sidecar");
        var rows = isKnown ? "outbox" : $"(SELECT FROM outbox UNION ALL SELECT FROM inbox WHERE handled_at > now() - interval '{Quiet.TotalSeconds} s') AS recent";
        var waiting = names.Select(name => (Database: mall.Database(name), Rows: name == "sidecar" ? "event_queue" : rows)).ToList();
        var waited = Stopwatch.StartNew();
        // What one publishes may make another publish: all of them twice.
        for (var empty = 0; empty < 2 && waited.Elapsed < Patience;)
        {
            empty = await AnyAsync() ? 0 : empty + 1;
            if (empty == 0)
                await Task.Delay(50, cancellationToken);
        }

        foreach (var (database, _) in waiting)
            await database.DisposeAsync();
        return isKnown ? TimeSpan.Zero : Quiet;

        async Task<bool> AnyAsync()
        {
            foreach (var (database, some) in waiting)
            {
#pragma warning disable CA2100 // One of the three above.
                await using var command = database.CreateCommand($"SELECT EXISTS (SELECT 1 FROM {some})");
#pragma warning restore CA2100
                if ((bool)(await command.ExecuteScalarAsync(cancellationToken))!)
                    return true;
            }

            return false;
        }
    }

    /// <summary>How long it took from the answer until the last effect of an event of the order, of a sample of orders, by what each service wrote down.</summary>
    /// <returns>In milliseconds, from the shortest.</returns>
    public static async Task<double[]> LatenciesMsAsync(MallProcess mall, IReadOnlyList<AcceptedOrder> orders, CancellationToken cancellationToken)
    {
        var sample = orders.Where((_, i) => i % (1 + (orders.Count / SampledOrders)) == 0).ToDictionary(order => order.Id.ToString(), order => order.At);
        var orderOf = new Dictionary<string, string>();
        var services = (await mall.DatabasesAsync(cancellationToken)).Where(name => name != "sidecar").ToList();
        foreach (var name in services)
            await ReadAsync(name, "SELECT event_id::text, key FROM published_event WHERE key = ANY($1)", sample.Keys, row => orderOf[row.GetString(0)] = row.GetString(1));
        var settled = new Dictionary<string, DateTime>();
        foreach (var name in services)
        {
            await ReadAsync(name, "SELECT event_id, handled_at FROM inbox WHERE event_id = ANY($1)", orderOf.Keys, row =>
            {
                var (order, at) = (orderOf[row.GetString(0)], row.GetDateTime(1));
                if (at > settled.GetValueOrDefault(order))
                    settled[order] = at;
            });
        }

        return [.. settled.Select(one => Math.Max(0, (one.Value - sample[one.Key]).TotalMilliseconds)).Order()];

        async Task ReadAsync(string name, string sql, IEnumerable<string> keys, Action<NpgsqlDataReader> read)
        {
            await using var database = mall.Database(name);
#pragma warning disable CA2100 // One of the two above.
            await using var command = database.CreateCommand(sql);
#pragma warning restore CA2100
            command.Parameters.Add(new() { Value = keys.ToArray() });
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
                read(reader);
        }
    }

    /// <summary>What the audit finds once everything is settled.</summary>
    /// <returns>How many disagreements there are; <see langword="null"/> where it was not done in its time.</returns>
    public static async Task<int?> DisagreementsAsync(HttpClient operatorClient, CancellationToken cancellationToken)
    {
        var waited = Stopwatch.StartNew();
        while (true)
        {
            using var answer = await operatorClient.GetAsync("api/ops/audit", cancellationToken);
            if (!answer.IsSuccessStatusCode)
                return null;
            var disagreements = (await answer.Content.ReadFromJsonAsync<JsonElement>(cancellationToken)).GetProperty("disagreements").GetArrayLength();
            if (disagreements == 0 || waited.Elapsed > Patience)
                return disagreements;
        }
    }
}
