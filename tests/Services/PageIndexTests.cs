using System.Text.Json.Serialization.Metadata;
using OrderMall.MyPage;
using OrderMall.ServiceDefaults.Sidecar;

namespace OrderMall.Services.Tests;

public sealed class PageIndexTests
{
    private static readonly List<Guid> Ids = [.. Enumerable.Range(1, 170).Select(i => Guid.CreateVersion7(DateTimeOffset.UnixEpoch.AddDays(i)))];
    private readonly State _state = new();

    [Fact]
    public async Task What_comes_at_once_is_listed_newest_first_and_once_when_it_comes_again()
    {
        // The first write holds the others up, so that they are written together.
        _state.Gate = new TaskCompletionSource();
        var index = new PageIndex(_state, "orders");
        var adding = Ids.Select(id => index.AddAsync("alice", id, CancellationToken.None)).ToList();
        _state.Gate.SetResult();
        await Task.WhenAll(adding);
        Assert.Equal(Ids.AsEnumerable().Reverse(), await ListAsync());
        await AddAgainAsync();
        Assert.Equal(Ids.AsEnumerable().Reverse(), await ListAsync());
    }

    [Fact]
    public async Task What_came_late_does_not_hide_that_others_are_further_back()
    {
        var index = new PageIndex(_state, "orders");
        // The oldest comes when the first page is full, and is the last of the second one.
        foreach (var id in Ids.Skip(1).Take(60).Append(Ids[0]).Concat(Ids.Skip(61)))
            await index.AddAsync("alice", id, CancellationToken.None);
        var writes = _state.Writes;
        await AddAgainAsync();
        Assert.Equal(writes, _state.Writes);
    }

    [Fact]
    public async Task What_came_late_is_listed_where_it_would_be_and_is_found_there_when_it_comes_again()
    {
        var index = new PageIndex(_state, "orders");
        // Every third comes when all others fill their pages.
        var late = Ids.Where((_, number) => number % 3 == 1).ToList();
        foreach (var id in Ids.Except(late))
            await index.AddAsync("alice", id, CancellationToken.None);
        await Task.WhenAll(late.Select(id => index.AddAsync("alice", id, CancellationToken.None)));
        Assert.Equal(Ids.AsEnumerable().Reverse(), await ListAsync());
        var writes = _state.Writes;
        await AddAgainAsync();
        Assert.Equal(writes, _state.Writes);
        Assert.Equal(Ids.AsEnumerable().Reverse(), await ListAsync());
    }

    private async Task AddAgainAsync()
    {
        // As another replica, which remembers nothing.
        var index = new PageIndex(_state, "orders");
        foreach (var id in Ids)
            await index.AddAsync("alice", id, CancellationToken.None);
    }

    private async Task<List<Guid>> ListAsync() =>
        await new PageIndex(_state, "orders").NewestFirstAsync("alice", CancellationToken.None).ToListAsync();

    /// <summary>State in memory, for one caller after the other.</summary>
    private sealed class State : IStateStore
    {
        private readonly Dictionary<string, (object Value, int ETag)> _values = [];

        /// <summary>Nothing is read until it opens.</summary>
        public TaskCompletionSource? Gate { get; set; }

        public int Writes { get; private set; }

        public async Task<StateEntry<T>> GetAsync<T>(string key, JsonTypeInfo<T> type, CancellationToken cancellationToken)
            where T : class
        {
            await (Gate?.Task ?? Task.CompletedTask);
            return _values.TryGetValue(key, out var entry) ? new StateEntry<T>((T)entry.Value, $"{entry.ETag}") : default;
        }

        public Task<IReadOnlyDictionary<string, T>> GetManyAsync<T>(IReadOnlyCollection<string> keys, JsonTypeInfo<T> type, CancellationToken cancellationToken)
            where T : class =>
            Task.FromResult<IReadOnlyDictionary<string, T>>(keys.Where(_values.ContainsKey).ToDictionary(key => key, key => (T)_values[key].Value));

        public Task<bool> TrySaveAsync<T>(string key, T value, string? etag, JsonTypeInfo<T> type, CancellationToken cancellationToken)
            where T : class
        {
            Writes++;
            var known = _values.TryGetValue(key, out var entry);
            if (etag != (known ? $"{entry.ETag}" : null))
                return Task.FromResult(false);
            _values[key] = (value, entry.ETag + 1);
            return Task.FromResult(true);
        }
    }
}
