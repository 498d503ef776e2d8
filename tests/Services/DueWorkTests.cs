using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using OrderMall.ServiceDefaults.Database;
using OrderMall.Store;

namespace OrderMall.Services.Tests;

/// <summary>How a service takes up what is due.</summary>
[Collection(ServiceCollection.Name)]
public sealed class DueWorkTests(RunningService<StoreService> store) : IClassFixture<RunningService<StoreService>>
{
    [Fact]
    public async Task A_row_that_cannot_be_brought_to_an_end_stops_neither_the_others_nor_the_service()
    {
        using var job = new Job(store.Services.GetRequiredService<IServiceScopeFactory>());
        await job.StartAsync(CancellationToken.None);
        Assert.Equal(2, await job.TakenUp.WaitAsync(TimeSpan.FromSeconds(20)));
        Assert.False(job.ExecuteTask!.IsCompleted);
        await job.StopAsync(CancellationToken.None);
    }

    // Of two rows that are claimed one after the other the first is not as anybody thought.
    private sealed class Job(IServiceScopeFactory scopes) : DueWork<StoreDb>(scopes, TimeProvider.System, NullLogger.Instance)
    {
        private readonly TaskCompletionSource<int> _takenUp = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _claimed;

        public Task<int> TakenUp => _takenUp.Task;

        protected override FormattableString Claim(DateTimeOffset now, int batchSize) =>
            $"SELECT gen_random_uuid() AS \"Value\" WHERE {++_claimed} <= 2";

        protected override Task ResumeAsync(IServiceProvider services, Guid id, CancellationToken cancellationToken)
        {
            if (_claimed == 1)
                throw new InvalidOperationException("It is not as anybody thought.");
            _takenUp.TrySetResult(_claimed);
            return Task.CompletedTask;
        }
    }
}
