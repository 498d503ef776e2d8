using System.Collections.Concurrent;
using Microsoft.Extensions.Logging.Abstractions;
using OrderMall.Mall.Hosting;

namespace OrderMall.Mall.Tests.Operations;

/// <summary>A service that is replaced while something else is wanted of it. Its instances are made up: they start when a test says so.</summary>
public sealed class ReplacementTests
{
    private readonly ConcurrentQueue<TaskCompletionSource> _starts = new();
    private readonly HostedService _service;
    private volatile bool _startsAtOnce = true;

    public ReplacementTests() => _service = new HostedService(
        new AppPlan("catalog", new SidecarPorts(1, 2), [AppPlan.At(2), AppPlan.At(3)], "", ""), (_, _) => new MadeUpRun(this), () => { }, NullLogger.Instance);

    [Fact]
    public async Task A_second_replacement_is_refused_during_the_first_and_takes_no_other_instance_away()
    {
        var (first, start) = await BeginReplacingAsync();
        var refused = await Assert.ThrowsAsync<MallException>(ReplaceAsync);
        Assert.Contains("already", refused.Message, StringComparison.Ordinal);
        Assert.Equal(1, _service.RunningInstances);

        _startsAtOnce = true;
        start.SetResult();
        await first;
        Assert.Equal(2, _service.RunningInstances);
    }

    [Fact]
    public async Task A_stop_ends_a_replacement_and_all_of_the_service()
    {
        var (replacement, _) = await BeginReplacingAsync();
        await _service.StopAsync();
        var ended = await Assert.ThrowsAsync<MallException>(() => replacement);
        Assert.Contains("was stopped", ended.Message, StringComparison.Ordinal);
        Assert.Equal((ServiceStatus.Stopped, 0), (_service.Status, _service.RunningInstances));

        _startsAtOnce = true;
        await ReplaceAsync(); // what is stopped stays so
        Assert.Equal(ServiceStatus.Stopped, _service.Status);
        await _service.StartAsync(default);
        Assert.Equal(2, _service.RunningInstances);
    }

    [Fact]
    public async Task A_replacement_that_failed_leaves_the_other_instance_and_can_be_tried_again()
    {
        var (replacement, start) = await BeginReplacingAsync();
        start.SetException(new MallException("It could not start."));
        await Assert.ThrowsAsync<MallException>(() => replacement);
        Assert.Equal(1, _service.RunningInstances);

        _startsAtOnce = true;
        await ReplaceAsync();
        Assert.Equal(ServiceStatus.Running, _service.Status);
    }

    private Task ReplaceAsync() => _service.RestartAsync(_ => Task.CompletedTask, default);

    /// <returns>A replacement whose first instance ended, and whose second has yet to start.</returns>
    private async Task<(Task Replacement, TaskCompletionSource Start)> BeginReplacingAsync()
    {
        await _service.StartAsync(default);
        _startsAtOnce = false;
        var replacement = ReplaceAsync();
        await Eventually.Is(1, () => Task.FromResult(_starts.Count));
        Assert.True(_starts.TryDequeue(out var start));
        return (replacement, start);
    }

    private sealed class MadeUpRun(ReplacementTests test) : IServiceRun
    {
        public Task Ended { get; } = new TaskCompletionSource().Task;

        public Task StartAsync(CancellationToken ct)
        {
            if (test._startsAtOnce)
                return Task.CompletedTask;
            var start = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            test._starts.Enqueue(start);
            return start.Task.WaitAsync(ct);
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
