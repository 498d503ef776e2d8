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
}
