using Npgsql;

namespace OrderMall.Sidecar.Tests;

/// <summary>Events that wait, as they are kept.</summary>
[Collection(PostgresCollection.Name)]
public sealed class QueueStoreTests(PostgresServer postgres) : IAsyncLifetime
{
    private string _connectionString = "";

    public async Task InitializeAsync() => _connectionString = await postgres.NewDatabaseAsync();

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task Each_of_several_is_due_again_when_it_is_and_those_that_were_handled_are_gone()
    {
        await using var database = await SidecarDatabase.OpenAsync(_connectionString, CancellationToken.None);
        var store = new QueueStore(database);
        var now = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        await store.InsertAsync([1, 2, 3, 4], [7, 7, 7, 8], [[1], [2], [3], [4]], CancellationToken.None);

        await store.PostponeAsync([3, 1], [5, 2], [now.AddMinutes(3).UtcDateTime, now.AddMinutes(1).UtcDateTime], CancellationToken.None);
        await store.DeleteAsync([2], CancellationToken.None);

        var left = await store.ReadAsync(7, after: 0, limit: 10, CancellationToken.None);
        Assert.Equal([(1, 2, now.AddMinutes(1)), (3, 5, now.AddMinutes(3))], left.Select(e => (e.Id, e.Attempts, e.DueAt!.Value)));
        Assert.Equal([3L], (await store.ReadAsync(7, after: 1, limit: 10, CancellationToken.None)).Select(e => e.Id));
        Assert.Null(Assert.Single(await store.ReadAsync(8, after: 0, limit: 10, CancellationToken.None)).DueAt);
    }

    [Fact]
    public async Task What_was_planned_while_the_queue_was_empty_reads_no_more_than_it_needs_when_it_is_full()
    {
        const int waiting = 20_000;
        const int some = 500;
        // It is measured when all but the last of many were handled.
        await using (var emptied = await SidecarDatabase.OpenAsync(_connectionString, CancellationToken.None))
        {
            var store = new QueueStore(emptied);
            await FillAsync(store, Ids(1, waiting));
            await store.DeleteAsync([.. Ids(1, waiting - 1)], CancellationToken.None);
            await using var measure = emptied.Durable.CreateCommand("VACUUM ANALYZE event_queue");
            await measure.ExecuteNonQueryAsync();
        }

        var before = await ReadSoFarAsync(deleted: waiting - 1);
        await using (var database = await SidecarDatabase.OpenAsync(_connectionString, CancellationToken.None))
        {
            var store = new QueueStore(database);
            // PostgreSQL keeps a plan after the fifth time.
            for (var id = 1; id <= 10; id++)
                await HandleAsync(store, [id]);
            await FillAsync(store, Ids(100_000, waiting));
            await HandleAsync(store, [.. Ids(1_000_000, some)]);
        }

        Assert.InRange(await ReadSoFarAsync(deleted: waiting - 1 + 10 + some) - before, some, 10 * some);

        static async Task HandleAsync(QueueStore store, long[] ids)
        {
            await store.InsertAsync(ids, [.. ids.Select(_ => 1)], [.. ids.Select(_ => new byte[] { 1 })], CancellationToken.None);
            await store.ReadAsync(1, after: ids[0] - 1, limit: ids.Length, CancellationToken.None);
            await store.PostponeAsync(ids, [.. ids.Select(_ => 1)], [.. ids.Select(_ => DateTime.UtcNow)], CancellationToken.None);
            await store.DeleteAsync(ids, CancellationToken.None);
        }

        static Task FillAsync(QueueStore store, IEnumerable<long> ids) =>
            store.InsertAsync([.. ids], [.. ids.Select(id => (int)(id % 2))], [.. ids.Select(_ => new byte[] { 1 })], CancellationToken.None);

        static IEnumerable<long> Ids(long first, int count) => Enumerable.Range(0, count).Select(i => first + i);
    }

    [Fact]
    public async Task A_database_with_the_indexes_of_before_is_brought_up_to_date()
    {
        await using (var before = await SidecarDatabase.OpenAsync(_connectionString, CancellationToken.None))
        {
            await using var indexes = before.Durable.CreateCommand(
                """
                DROP INDEX event_queue_of_subscription;
                CREATE INDEX event_queue_by_subscription ON event_queue (subscription_id, id);
                DROP INDEX state_by_key;
                ALTER TABLE state ADD PRIMARY KEY (store, key);
                """);
            await indexes.ExecuteNonQueryAsync();
        }

        await using var database = await SidecarDatabase.OpenAsync(_connectionString, CancellationToken.None);

        await using var names = database.Durable.CreateCommand(
            "SELECT string_agg(indexname, ',' ORDER BY indexname) FROM pg_indexes WHERE tablename IN ('event_queue', 'state')");
        Assert.Equal("event_queue_of_subscription,event_queue_pkey,state_by_expiry,state_by_key", await names.ExecuteScalarAsync());
    }

    // Rows and entries of indexes. Connections tell when they end what they did.
    private async Task<long> ReadSoFarAsync(long deleted)
    {
        await Eventually.BecomesAsync(deleted, () => CountAsync("SELECT n_tup_del FROM pg_stat_user_tables WHERE relname = 'event_queue'"));
        return await CountAsync("SELECT seq_tup_read + idx_tup_fetch + (SELECT sum(idx_tup_read)::bigint FROM pg_stat_user_indexes i WHERE i.relid = t.relid) FROM pg_stat_user_tables t WHERE relname = 'event_queue'");
    }

    private async Task<long> CountAsync(string query)
    {
        await using var source = NpgsqlDataSource.Create(_connectionString);
        await using var command = source.CreateCommand(query);
        return (long)(await command.ExecuteScalarAsync())!;
    }
}
