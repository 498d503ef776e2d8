namespace OrderMall.Sidecar.PubSub;

/// <summary>What every subscription's queue works with.</summary>
/// <param name="PublishAsync">Publishes an envelope as it is to a topic of a component: for dead letters.</param>
/// <param name="Workers">Deliveries in flight at a time, per subscription.</param>
/// <param name="Stopping">Ends deliveries that outlast the time for a graceful stop.</param>
internal sealed record QueueServices(
    QueueStore Store,
    EventDelivery Delivery,
    Settler Settler,
    Func<string, string, byte[], Task> PublishAsync,
    int Workers,
    TimeProvider Time,
    ILogger Logger,
    CancellationToken Stopping);
