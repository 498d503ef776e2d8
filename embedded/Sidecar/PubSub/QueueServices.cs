namespace OrderMall.Sidecar.PubSub;

/// <summary>What every subscription's queue works with.</summary>
/// <param name="Delivery">Brings events to apps.</param>
/// <param name="Settler">Writes down what became of them.</param>
/// <param name="PublishAsync">Publishes an envelope as it is to a topic of a component: for dead letters.</param>
/// <param name="Workers">Deliveries under way at a time, per subscription.</param>
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
