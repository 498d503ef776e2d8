using System.Collections.Immutable;

namespace OrderMall.Sidecar.PubSub;

/// <summary>
/// Who subscribes to what. It is remembered between runs, so that an event waits for an app that is down. An app that was never
/// up yet is presumed to subscribe to every topic: what it turns out not to want is dropped when it first tells its subscriptions.
/// </summary>
internal sealed partial class Subscriptions(
    IReadOnlyDictionary<string, App> apps, Resources resources, QueueServices services) : IDisposable
{
    private readonly SemaphoreSlim _changing = new(1);
    private readonly HashSet<string> _knownApps = [];
    private ImmutableList<SubscriptionQueue> _queues = [];
    private ImmutableDictionary<(string PubSub, string Topic), ImmutableArray<SubscriptionQueue>> _byTopic =
        ImmutableDictionary<(string, string), ImmutableArray<SubscriptionQueue>>.Empty;

    public IReadOnlyCollection<SubscriptionQueue> All => _queues;

    public IEnumerable<SubscriptionQueue> Of(string appId) => _queues.Where(queue => queue.App.AppId == appId);

    public async Task LoadAsync(CancellationToken cancellationToken)
    {
        var (stored, known) = await services.Store.ReadSubscriptionsAsync(cancellationToken);
        _knownApps.UnionWith(known.Where(apps.ContainsKey));
        foreach (var subscription in stored)
        {
            // Apps and components that are no longer there keep their events, for when they are again.
            if (apps.TryGetValue(subscription.AppId, out var app) && resources.PubSub(subscription.PubSub, app.AppId) is { } component && component.MaySubscribe(app.AppId, subscription.Topic))
                Add(new SubscriptionQueue(subscription, app, component, services));
        }
    }

    /// <summary>Keeps the subscriptions as they are until the returned hold is disposed.</summary>
    public async Task<IDisposable> HoldAsync(CancellationToken cancellationToken)
    {
        await _changing.WaitAsync(cancellationToken);
        return new Hold(_changing);
    }

    /// <summary>Every queue that an event of a topic goes to. Under <see cref="HoldAsync"/>.</summary>
    public async ValueTask<ImmutableArray<SubscriptionQueue>> ForAsync(string pubsub, string topic, CancellationToken cancellationToken)
    {
        if (_knownApps.Count < apps.Count)
        {
            foreach (var app in apps.Values.Where(app => !_knownApps.Contains(app.AppId)))
                await FindOrAddAsync(app, pubsub, topic, cancellationToken);
        }

        return _byTopic.GetValueOrDefault((pubsub, topic), []);
    }

    /// <summary>Takes over what an app asks for, and opens its queues.</summary>
    public async Task ApplyAsync(App app, IReadOnlyList<Subscription> wanted, CancellationToken cancellationToken)
    {
        using var hold = await HoldAsync(cancellationToken);
        var open = new List<(SubscriptionQueue Queue, Subscription Subscription)>();
        foreach (var subscription in wanted)
        {
            if (await FindOrAddAsync(app, subscription.PubSub, subscription.Topic, cancellationToken) is { } queue)
                open.Add((queue, subscription));
            else if (resources.PubSub(subscription.PubSub, app.AppId) is not null)
                LogNotAllowed(services.Logger, app.AppId, subscription.Topic, subscription.PubSub);
            else
                LogNoComponent(services.Logger, app.AppId, subscription.Topic, subscription.PubSub);
        }

        var ended = Of(app.AppId).Except(open.Select(opened => opened.Queue)).ToList();
        await services.Store.SettleSubscriptionsAsync(app.AppId, [.. ended.Select(queue => queue.Id)], cancellationToken);
        _knownApps.Add(app.AppId);
        foreach (var queue in ended)
            Remove(queue);
        foreach (var (queue, subscription) in open)
            queue.Open(subscription);
    }

    public void Dispose()
    {
        foreach (var queue in _queues)
            queue.Dispose();
        _changing.Dispose();
    }

    private async ValueTask<SubscriptionQueue?> FindOrAddAsync(App app, string pubsub, string topic, CancellationToken cancellationToken)
    {
        foreach (var queue in _byTopic.GetValueOrDefault((pubsub, topic), []))
        {
            if (queue.App == app)
                return queue;
        }

        if (resources.PubSub(pubsub, app.AppId) is not { } component || !component.MaySubscribe(app.AppId, topic))
            return null;
        var id = await services.Store.AddSubscriptionAsync(app.AppId, pubsub, topic, cancellationToken);
        var added = new SubscriptionQueue(new(id, app.AppId, pubsub, topic), app, component, services);
        Add(added);
        return added;
    }

    private void Add(SubscriptionQueue queue)
    {
        var key = (queue.PubSub, queue.Topic);
        _byTopic = _byTopic.SetItem(key, _byTopic.GetValueOrDefault(key, []).Add(queue));
        _queues = _queues.Add(queue);
    }

    private void Remove(SubscriptionQueue queue)
    {
        var key = (queue.PubSub, queue.Topic);
        _byTopic = _byTopic.SetItem(key, _byTopic[key].Remove(queue));
        _queues = _queues.Remove(queue);
        queue.Dispose();
    }

    private sealed class Hold(SemaphoreSlim held) : IDisposable
    {
        public void Dispose() => held.Release();
    }

    // In daprd's words.
    [LoggerMessage(Level = LogLevel.Error, Message = "{AppId}: subscription to topic '{Topic}' on pubsub '{PubSub}' is not allowed")]
    private static partial void LogNotAllowed(ILogger logger, string appId, string topic, string pubSub);

    [LoggerMessage(Level = LogLevel.Error, Message = "{AppId} subscribes to {Topic} of {PubSub}, but has no pub/sub component of that name")]
    private static partial void LogNoComponent(ILogger logger, string appId, string topic, string pubSub);
}
