using Microsoft.Extensions.DependencyInjection;
using OrderMall.Delivery;
using OrderMall.ServiceDefaults.Messaging;

namespace OrderMall.Services.Tests;

/// <summary>Replicas publish from one outbox.</summary>
[Collection(ServiceCollection.Name)]
public sealed class OutboxTests(RunningService<DeliveryService> delivery) : IClassFixture<RunningService<DeliveryService>>
{
    [Fact]
    public async Task What_one_replica_is_publishing_keeps_back_later_events_of_its_aggregate_and_no_others()
    {
        var other = await delivery.StartReplicaAsync();
        var (slow, quick) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        var gate = new TaskCompletionSource();
        delivery.Sidecar.PublishGate = gate.Task;
        await SaveAsync(delivery.Services, SavingTests.Message(slow, 1));
        await Eventually.BecomesAsync(1, () => Task.FromResult(delivery.Sidecar.PublishCalls));
        delivery.Sidecar.PublishGate = Task.CompletedTask;

        await SaveAsync(delivery.ServicesOf(other), SavingTests.Message(slow, 2), SavingTests.Message(quick, 1));
        await Eventually.BecomesAsync(1, () => Task.FromResult(Published(quick).Count));
        Assert.Empty(Published(slow));
        gate.SetResult();

        await delivery.PublishedAsync(slow);
        Assert.Equal(["Said1", "Said2"], Published(slow));
        Assert.Equal(["Said1"], Published(quick));
    }

    private List<string> Published(Guid orderId) => [.. delivery.Sidecar.Published.Where(e => e.Key == orderId.ToString()).Select(e => e.Type)];

    private static async Task SaveAsync(IServiceProvider replica, params OutboxMessage[] messages)
    {
        await using var scope = replica.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<DeliveryDb>();
        db.Outbox.AddRange(messages);
        await db.SaveChangesAsync();
    }
}
