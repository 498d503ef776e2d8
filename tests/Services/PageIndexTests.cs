using Dapr.Client;
using OrderMall.MyPage;
using OrderMall.ServiceDefaults.Dapr;

namespace OrderMall.Services.Tests;

public sealed class PageIndexTests : IAsyncLifetime
{
    private static readonly List<Guid> Ids = [.. Enumerable.Range(1, 170).Select(i => Guid.CreateVersion7(DateTimeOffset.UnixEpoch.AddDays(i)))];
    private readonly StubSidecar _sidecar = new();
    private DaprClient _dapr = null!;
    private StateStore _state = null!;

    public async Task InitializeAsync()
    {
        await _sidecar.StartAsync();
        _dapr = new DaprClientBuilder().UseGrpcEndpoint($"http://127.0.0.1:{_sidecar.GrpcPort}").Build();
        _state = new StateStore(_dapr, "statestore");
    }

    public async Task DisposeAsync()
    {
        _dapr.Dispose();
        await _sidecar.DisposeAsync();
    }

    [Fact]
    public async Task What_comes_at_once_is_listed_newest_first_and_once_when_it_comes_again()
    {
        // The first write holds the others up, so that they are written together.
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _sidecar.ReadGate = gate.Task;
        var index = new PageIndex(_state, "orders");
        var adding = Ids.Select(id => index.AddAsync("alice", id, CancellationToken.None)).ToList();
        gate.SetResult();
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
        var writes = _sidecar.StateCalls.Writes;
        await AddAgainAsync();
        Assert.Equal(writes, _sidecar.StateCalls.Writes);
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
        var writes = _sidecar.StateCalls.Writes;
        await AddAgainAsync();
        Assert.Equal(writes, _sidecar.StateCalls.Writes);
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
}
