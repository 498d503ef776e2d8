using Npgsql;

namespace OrderMall.Sidecar.PubSub;

/// <summary>
/// The events of one subscription: a bounded window of them in memory, the rest in the table until there is room.
/// A failed event waits for its time without holding a worker or the events behind it. An event leaves only when the app
/// handled it or it went to a dead letter topic: without one it is retried at the component's redelivery interval for good,
/// where Redis would have lost it.
/// </summary>
internal sealed partial class SubscriptionQueue : IDisposable
{
    private const int Window = 1000;

    // Failed events beyond this keep the queue from taking on more until some of them have been retried.
    private const int MostWaiting = 10_000;

    private static readonly TimeSpan DatabasePause = TimeSpan.FromSeconds(1);

    // What an earlier run left waiting waits by the wall clock, which may have been set since: no longer than this.
    private static readonly TimeSpan LongestStoredPause = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private readonly Queue<QueuedEvent> _ready = new();
    private readonly WaitingEvents _waiting;
    private readonly BulkPacing _pacing;
    private readonly StoredSubscription _stored;
    private readonly Component _component;
    private readonly QueueServices _services;
    private readonly SemaphoreSlim? _places;
    private int _active;
    private bool _open;
    private bool _ended;
    private bool _paging;

    // Whether the table may hold events after _lastRead that are not in memory, and how often that was noticed.
    private bool _behind = true;
    private int _noticed;
    private long _lastRead;

    public SubscriptionQueue(StoredSubscription stored, App app, Component component, QueueServices services)
    {
        (_stored, App, _component, _services, _places) = (stored, app, component, services, app.PlacesFor(component));
        _waiting = new WaitingEvents(services.Time, MoveDue);
        _pacing = new BulkPacing(services.Time, GoOn);
    }

    public int Id => _stored.Id;

    public string PubSub => _stored.PubSub;

    public string Topic => _stored.Topic;

    public App App { get; }

    /// <summary>What the app asked for in this run; <see langword="null"/> until it was up.</summary>
    public Subscription? Subscription { get; private set; }

    /// <summary>Whether deliveries are in flight.</summary>
    public bool Busy
    {
        get
        {
            lock (_lock)
                return _active > 0;
        }
    }

    /// <summary>Delivers from now on. Whatever waits for a retry is due at once.</summary>
    public void Open(Subscription subscription)
    {
        lock (_lock)
        {
            Subscription = subscription;
            _open = !_ended;
            foreach (var waiting in _waiting.TakeAll())
            {
                // Time that passed while the app was unreachable is not held against an event.
                waiting.FirstFailure = null;
                _ready.Enqueue(waiting);
            }

            Pump();
        }
    }

    /// <summary>Delivers no more until <see cref="Open"/>; what is in flight is finished.</summary>
    public void Close()
    {
        lock (_lock)
            _open = false;
    }

    /// <summary>Takes on an event that was just written to the table.</summary>
    public void Offer(QueuedEvent queued)
    {
        lock (_lock)
        {
            // It may have been read from the table since it was written there.
            if (queued.Id <= _lastRead)
                return;
            if (_behind || _ready.Count >= Window || _waiting.Count >= MostWaiting)
            {
                FallBehind();
                return;
            }

            _ready.Enqueue(queued);
            _lastRead = queued.Id;
            Pump();
        }
    }

    /// <summary>Notes that the table may hold events that were not offered.</summary>
    public void FallBehind()
    {
        lock (_lock)
        {
            _behind = true;
            _noticed++;
            Pump();
        }
    }

    /// <summary>The subscription has ended: nothing is delivered any more.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _open = false;
            _ended = true;
        }

        _waiting.Dispose();
        _pacing.Dispose();
    }

    private bool WantsMore => _ready.Count < Window / 2 && _waiting.Count < MostWaiting;

    /// <summary>Starts whatever there is work and room for. Under the lock.</summary>
    private void Pump()
    {
        if (!_open)
            return;
        if (Subscription!.Bulk is { } bulk)
        {
            PumpBulk(bulk);
        }
        else
        {
            while (_active < _services.Workers && _waiting.Count < MostWaiting && _ready.TryDequeue(out var next))
            {
                _active++;
                _ = Task.Run(() => WorkAsync(next));
            }
        }

        if (_behind && !_paging && WantsMore)
        {
            _paging = true;
            _ = Task.Run(PageAsync);
        }
    }

    /// <summary>One delivery at a time for each instance, as daprd does: what comes meanwhile goes with the next. Under the lock.</summary>
    private void PumpBulk(BulkSubscribe bulk)
    {
        while (_active < App.Instances.Count && _waiting.Count < MostWaiting && _ready.Count > 0 && _pacing.MayGo(_ready.Count, bulk))
        {
            _active++;
            var batch = new List<QueuedEvent>(Math.Min(_ready.Count, bulk.MaxMessagesCount));
            while (batch.Count < bulk.MaxMessagesCount && _ready.TryDequeue(out var next))
                batch.Add(next);
            _ = Task.Run(() => WorkAsync(batch));
        }
    }

    private void GoOn()
    {
        lock (_lock)
            Pump();
    }

    private async Task WorkAsync(List<QueuedEvent> batch)
    {
        try
        {
            var subscription = Subscription!;
            var verdicts = await WithPlaceAsync(() => _services.Delivery.DeliverAsync(App, subscription, batch, _services.Stopping));
            for (var i = 0; i < batch.Count; i++)
                await SettleAsync(subscription, batch[i], verdicts[i]);
        }
        catch (Exception mistake)
        {
            LogMistake(_services.Logger, mistake, App.AppId, Topic);
            foreach (var queued in batch)
                await WaitAsync(queued, _component.RedeliverInterval);
        }

        lock (_lock)
        {
            _active--;
            Pump();
        }
    }

    private async Task WorkAsync(QueuedEvent? queued)
    {
        while (queued is not null)
        {
            try
            {
                await DeliverAsync(queued);
            }
            catch (Exception mistake)
            {
                // A mistake of this program must not cost the event, nor stop the others.
                LogMistake(_services.Logger, mistake, App.AppId, Topic);
                await WaitAsync(queued, _component.RedeliverInterval);
            }

            lock (_lock)
            {
                queued = null;
                if (!_open || _waiting.Count >= MostWaiting || !_ready.TryDequeue(out queued))
                    _active--;
                Pump();
            }
        }
    }

    private async Task DeliverAsync(QueuedEvent queued)
    {
        var subscription = Subscription!;
        var verdict = await WithPlaceAsync(() => _services.Delivery.DeliverAsync(App, subscription, queued, _services.Stopping));
        await SettleAsync(subscription, queued, verdict);
    }

    private async ValueTask SettleAsync(Subscription subscription, QueuedEvent queued, Verdict verdict)
    {
        switch (verdict.Kind)
        {
            case VerdictKind.Handled:
            case VerdictKind.Dropped when subscription.DeadLetterTopic is null:
                await _services.Settler.HandledAsync(queued);
                break;
            case VerdictKind.Dropped:
            case VerdictKind.Exhausted when subscription.DeadLetterTopic is not null:
                await SendToDeadLetterAsync(queued, subscription.DeadLetterTopic);
                break;
            case VerdictKind.NotTried:
                Wait(queued, verdict.Pause);
                break;
            default:
                await WaitAsync(queued, verdict.Kind == VerdictKind.Again ? verdict.Pause : _component.RedeliverInterval);
                break;
        }
    }

    private async Task<T> WithPlaceAsync<T>(Func<Task<T>> deliver)
    {
        if (_places is not null)
            await _places.WaitAsync();
        try
        {
            return await deliver();
        }
        finally
        {
            _places?.Release();
        }
    }

    private async Task SendToDeadLetterAsync(QueuedEvent queued, string topic)
    {
        // As any publication of the app. It stays where it is, and is retried.
        if (!_component.MayPublish(App.AppId, topic))
        {
            LogNoDeadLetter(_services.Logger, App.AppId, Topic, topic);
            await WaitAsync(queued, _component.RedeliverInterval);
            return;
        }

        try
        {
            await _services.PublishAsync(PubSub, topic, queued.Envelope);
            LogDeadLetter(_services.Logger, App.AppId, Topic, topic, queued.Attempts);
            await _services.Settler.HandledAsync(queued);
        }
        catch (PublishException)
        {
            Wait(queued, DatabasePause);
        }
    }

    /// <summary>Counts a failure, and lets the event wait for its next delivery, over a restart too.</summary>
    private async ValueTask WaitAsync(QueuedEvent queued, TimeSpan pause)
    {
        queued.Attempts++;
        queued.DueAt = _services.Time.GetUtcNow() + pause;
        await _services.Settler.PostponedAsync(queued);
        Wait(queued, pause);
    }

    private void Wait(QueuedEvent queued, TimeSpan pause)
    {
        lock (_lock)
            _waiting.Add(queued, pause);
    }

    private void MoveDue()
    {
        lock (_lock)
        {
            foreach (var queued in _waiting.TakeDue())
                _ready.Enqueue(queued);
            Pump();
        }
    }

    /// <summary>Reads from the table until there is enough in memory, or no more in the table.</summary>
    private async Task PageAsync()
    {
        while (!_services.Stopping.IsCancellationRequested)
        {
            int noticed, limit;
            long after;
            lock (_lock)
                (noticed, after, limit) = (_noticed, _lastRead, Window - Math.Min(_ready.Count, Window / 2));
            List<QueuedEvent> page;
            try
            {
                page = await _services.Store.ReadAsync(Id, after, limit, _services.Stopping);
            }
            catch (Exception failure)
            {
                if (failure is not (NpgsqlException or TimeoutException or OperationCanceledException))
                    LogUnread(_services.Logger, failure, App.AppId, Topic);
                if (!await PauseAsync())
                    return;
                continue;
            }

            lock (_lock)
            {
                TakeOn(page);
                _behind = page.Count == limit || noticed != _noticed;
                // Still as the one that pages: a second one would read the same events from here on.
                Pump();
                if (_behind && _open && WantsMore)
                    continue;
                _paging = false;
                return;
            }
        }
    }

    private void TakeOn(List<QueuedEvent> page)
    {
        var wallClock = _services.Time.GetUtcNow();
        foreach (var queued in page)
        {
            if (queued.DueAt - wallClock is { } pause && pause > TimeSpan.Zero)
                _waiting.Add(queued, pause < LongestStoredPause ? pause : LongestStoredPause);
            else
                _ready.Enqueue(queued);
            _lastRead = queued.Id;
        }
    }

    private async Task<bool> PauseAsync()
    {
        try
        {
            await Task.Delay(DatabasePause, _services.Time, _services.Stopping);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "{AppId} could not handle an event of {Topic}, and topic {DeadLetterTopic} is not allowed for it: the event is retried")]
    private static partial void LogNoDeadLetter(ILogger logger, string appId, string topic, string deadLetterTopic);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{AppId} could not handle an event of {Topic}; it went to {DeadLetterTopic} after {Attempts} retries")]
    private static partial void LogDeadLetter(ILogger logger, string appId, string topic, string deadLetterTopic, int attempts);

    [LoggerMessage(Level = LogLevel.Error, Message = "The events of {Topic} for {AppId} could not be read; it is retried")]
    private static partial void LogUnread(ILogger logger, Exception mistake, string appId, string topic);

    [LoggerMessage(Level = LogLevel.Error, Message = "Delivery to {AppId} of an event of {Topic} went wrong; it is retried")]
    private static partial void LogMistake(ILogger logger, Exception mistake, string appId, string topic);
}
