using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;

namespace OrderMall.Sidecar.Tests;

/// <summary>Many writes in one call, whatever each of them is.</summary>
[Collection(PostgresCollection.Name)]
public sealed class StateStoreTests(PostgresServer postgres) : IAsyncLifetime
{
    private const string Store = "statestore";

    private SidecarDatabase _database = null!;
    private StateStore _states = null!;

    public async Task InitializeAsync()
    {
        _database = await SidecarDatabase.OpenAsync(await postgres.NewDatabaseAsync(), CancellationToken.None);
        _states = new StateStore(_database, NullLogger.Instance);
    }

    public async Task DisposeAsync()
    {
        _states.Dispose();
        await _database.DisposeAsync();
    }

    [Fact]
    public async Task Writes_of_every_kind_go_in_one_call()
    {
        await WriteAsync(Save("kept", "1"), Save("replaced", "1"), Save("over", "1"), Save("deleted", "1"), Save("dropped", "1"));
        await WriteAsync(Save("replaced", "2", etag: "1"));
        await WriteAsync(
            Save("new", "3"),
            Save("first", "3", isFirst: true),
            Save("replaced", "3", etag: "2"),
            Save("over", "3"),
            Delete("deleted", etag: "1"),
            Delete("dropped"),
            Delete("never there"));
        await AreAsync(("kept", "1", 1), ("new", "3", 1), ("first", "3", 1), ("replaced", "3", 3), ("over", "3", 2));
    }

    [Fact]
    public async Task Each_of_many_expires_by_itself()
    {
        await WriteAsync(Save("ever", "1"), Save("soon", "1", life: "100"), Save("later", "1", life: "1000"), Save("kept", "1", life: "100"));
        await WriteAsync(
            Save("ever", "2", etag: "1", life: "100"),
            Save("soon", "2", etag: "1"),
            Save("later", "2", life: "100"),
            Keeping(Save("kept", "2", etag: "1")));
        await WriteAsync(Keeping(Save("kept", "3")), Keeping(Save("new", "3")));
        var found = await FindAsync();
        foreach (var key in new[] { "ever", "later", "kept" })
            Assert.InRange(found[key].Expires!.Value - DateTime.UtcNow, TimeSpan.FromSeconds(50), TimeSpan.FromSeconds(100));
        Assert.Null(found["soon"].Expires);
        Assert.Null(found["new"].Expires);
        await AreAsync(("ever", "2", 2), ("soon", "2", 2), ("later", "2", 2), ("kept", "3", 3), ("new", "3", 1));
    }

    [Fact]
    public async Task What_has_expired_is_not_there_for_any_write_and_goes_with_the_purge()
    {
        string[] keys = ["over", "first", "keeping", "replaced", "deleted", "purged"];
        await WriteAsync([.. keys.Select(key => Save(key, "1", life: "100"))]);
        await ExpireAsync();
        await IsStaleAsync(Save("over", "2"), Save("replaced", "2", etag: "1"));
        await IsStaleAsync(Save("over", "2"), Delete("deleted", etag: "1"));
        await WriteAsync(Save("over", "2"), Save("first", "2", isFirst: true), Keeping(Save("keeping", "2")), Delete("never there"));
        await AreAsync(("over", "2", 1), ("first", "2", 1), ("keeping", "2", 1));
        Assert.Equal(6, await CountAsync());
        await _states.PurgeExpiredAsync(CancellationToken.None);
        Assert.Equal(3, await CountAsync());
        await AreAsync(("over", "2", 1), ("first", "2", 1), ("keeping", "2", 1));
    }

    [Fact]
    public async Task One_of_many_that_is_refused_leaves_nothing_written()
    {
        (string, StateOperation)[] ten = [.. Enumerable.Range(0, 10).Select(n => Save($"k{n}", "1"))];
        await WriteAsync(ten);
        (string, StateOperation)[] others = [.. Enumerable.Range(0, 9).Select(n => Save($"k{n}", "2", etag: "1")), Save("new", "2"), Save("first", "2", isFirst: true), Delete("gone")];
        await IsStaleAsync([.. others, Save("k9", "2", etag: "7")]);
        await IsStaleAsync([Save("k9", "2", etag: "7"), .. others]);
        await IsStaleAsync([.. others, Save("nosuch", "2", etag: "1")]);
        await IsStaleAsync([.. others, Delete("k9", etag: "7")]);
        await IsStaleAsync([.. others, Delete("nosuch", etag: "1")]);
        var refused = await Assert.ThrowsAsync<StateException>(() => WriteAsync([.. others, Save("k9", "2", isFirst: true)]));
        Assert.Contains("failed to set key k9", refused.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<StateException>(() => WriteAsync([.. others, Save("k9", "2", etag: "abc")]));
        await AreAsync([.. ten.Select(write => (write.Item1, "1", 1L))]);

        await WriteAsync([.. others, Save("k9", "2", etag: "1")]);
        await AreAsync([.. ten.Select(write => (write.Item1, "2", 2L)), ("new", "2", 1), ("first", "2", 1)]);
    }

    [Fact]
    public async Task Of_several_that_are_refused_the_first_by_its_key_is_told_of()
    {
        await WriteAsync(Save("a", "1"), Save("b", "1"), Save("c", "1"));
        var refused = await Assert.ThrowsAsync<StateException>(() => WriteAsync(Save("c", "2", etag: "7"), Save("b", "2", isFirst: true), Save("a", "2", etag: "1")));
        Assert.Contains("failed to set key b", refused.Message, StringComparison.Ordinal);
        await IsStaleAsync(Save("b", "2", isFirst: true), Delete("a", etag: "7"));
    }

    [Fact]
    public async Task The_same_key_more_than_once_is_written_in_the_given_order()
    {
        await WriteAsync(
            Save("twice", "1"),
            Save("other", "1"),
            Save("twice", "2"),
            Save("undone", "1"),
            Delete("undone"),
            Save("versions", "1", isFirst: true),
            Save("versions", "2", etag: "1"),
            Save("versions", "3", etag: "2"),
            Delete("again"),
            Save("again", "1", isFirst: true));
        await AreAsync(("twice", "2", 2), ("other", "1", 1), ("versions", "3", 3), ("again", "1", 1));

        await IsStaleAsync(Save("other", "2"), Save("twice", "3", etag: "2"), Save("twice", "4", etag: "2"));
        await Assert.ThrowsAsync<StateException>(() => WriteAsync(Save("new", "1", isFirst: true), Save("new", "2", isFirst: true)));
        await AreAsync(("twice", "2", 2), ("other", "1", 1), ("versions", "3", 3), ("again", "1", 1));

        await WriteAsync(Delete("twice", etag: "2"), Save("twice", "5", isFirst: true), Save("twice", "6", etag: "1"));
        await AreAsync(("twice", "6", 2), ("other", "1", 1), ("versions", "3", 3), ("again", "1", 1));
    }

    [Fact]
    public async Task Who_write_the_same_keys_at_once_in_opposite_orders_each_write_all_of_them_or_none()
    {
        string[] keys = [.. Enumerable.Range(0, 30).Select(n => $"k{n:00}")];
        string[] backwards = [.. keys.OrderDescending(StringComparer.Ordinal)];
        await WriteAsync([.. keys.Select(key => Save(key, "0"))]);
        var written = 0;
        async Task ChangeAsync(string[] order, string value)
        {
            for (var round = 0; round < 50; round++)
            {
                var found = await _states.GetAsync(Store, order, CancellationToken.None);
                try
                {
                    // Every third needs no etag, so that there are two kinds of them.
                    await WriteAsync([.. order.Select((key, n) => Save(key, value, etag: n % 3 == 0 ? null : found[key].Etag.ToString(CultureInfo.InvariantCulture)))]);
                    Interlocked.Increment(ref written);
                }
                catch (StateException stale)
                {
                    Assert.Equal(StateException.StaleEtag().Message, stale.Message);
                }
            }
        }

        await Task.WhenAll(ChangeAsync(keys, "1"), ChangeAsync(backwards, "2"), ChangeAsync(keys, "3"), ChangeAsync(backwards, "4"));
        var last = (await FindAsync()).Values.Select(value => (Encoding.UTF8.GetString(value.Json), value.Etag)).Distinct().ToList();
        Assert.Equal(written + 1, Assert.Single(last).Etag);
        Assert.InRange(written, 50, 200);
    }

    private static (string Key, StateOperation Operation) Save(string key, string json, string? etag = null, bool isFirst = false, string? life = null) =>
        (key, new StateOperation(key, Encoding.UTF8.GetBytes(json), etag) { Concurrency = isFirst ? "first-write" : null, TimeToLive = life });

    private static (string Key, StateOperation Operation) Keeping((string Key, StateOperation Operation) write) => (write.Key, write.Operation with { KeepsExpiry = true });

    private static (string Key, StateOperation Operation) Delete(string key, string? etag = null) => (key, StateOperation.Delete(key, etag));

    private Task WriteAsync(params (string, StateOperation)[] writes) => _states.WriteAsync(Store, writes, CancellationToken.None);

    private async Task IsStaleAsync(params (string, StateOperation)[] writes)
    {
        var refused = await Assert.ThrowsAsync<StateException>(() => WriteAsync(writes));
        Assert.Equal((409, StateException.StaleEtag().Message), (refused.Status, refused.Message));
    }

    /// <summary>What is there is this and nothing else, and the store that wrote it says the same.</summary>
    private async Task AreAsync(params (string Key, string Json, long Etag)[] expected)
    {
        var found = await FindAsync();
        var remembered = await _states.GetAsync(Store, found.Keys.ToArray(), CancellationToken.None);
        foreach (var seen in new[] { found, remembered })
            Assert.Equal(expected.OrderBy(one => one.Key, StringComparer.Ordinal), seen.Select(one => (one.Key, Encoding.UTF8.GetString(one.Value.Json), one.Value.Etag)).OrderBy(one => one.Key, StringComparer.Ordinal));
    }

    /// <summary>Everything in the database that has not expired, past what the store remembers.</summary>
    private async Task<Dictionary<string, StateValue>> FindAsync()
    {
        await using var list = _database.Durable.CreateCommand("SELECT key FROM state");
        await using var reader = await list.ExecuteReaderAsync();
        var keys = new List<string>();
        while (await reader.ReadAsync())
            keys.Add(reader.GetString(0));
        using var fresh = new StateStore(_database, NullLogger.Instance);
        return await fresh.GetAsync(Store, keys.ToArray(), CancellationToken.None);
    }

    private async Task ExpireAsync()
    {
        await using var expire = _database.Durable.CreateCommand("UPDATE state SET expires = now() - interval '1 second'");
        await expire.ExecuteNonQueryAsync();
    }

    private async Task<long> CountAsync()
    {
        await using var count = _database.Durable.CreateCommand("SELECT count(*) FROM state");
        return (long)(await count.ExecuteScalarAsync())!;
    }
}
