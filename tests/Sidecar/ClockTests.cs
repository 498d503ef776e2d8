using System.Net;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;

namespace OrderMall.Sidecar.Tests;

/// <summary>What waits and what is given up goes by the time that passed, whatever the wall clock is set to meanwhile.</summary>
[Collection(PostgresCollection.Name)]
public sealed class ClockTests(PostgresServer postgres) : IAsyncLifetime
{
    private const string Patient = """
        apiVersion: dapr.io/v1alpha1
        kind: Resiliency
        metadata:
          name: patient
        spec:
          policies:
            retries:
              patient:
                policy: exponential
                maxInterval: 15s
          targets:
            components:
              pubsub:
                inbound:
                  retry: patient
        """;

    private static readonly Subscription Orders = new("pubsub", "orders", [new Route("", null, "/handle")], "dead", RawPayload: false);

    private readonly ManualTime _time = new();
    private readonly Refusing _refusing = new();
    private EmbeddedRig _rig = null!;
    private Resources _resources = null!;
    private SidecarDatabase _database = null!;

    public async Task InitializeAsync()
    {
        _rig = await EmbeddedRig.CreateAsync(postgres, Patient, ("app", 1));
        _resources = Resources.Read(_rig.Resources);
        _database = await SidecarDatabase.OpenAsync(_rig.ConnectionString, CancellationToken.None);
    }

    public async Task DisposeAsync()
    {
        await _database.DisposeAsync();
        await _rig.DisposeAsync();
        _refusing.Dispose();
    }

    [Fact]
    public async Task An_event_is_given_up_after_fifteen_minutes_of_trying()
    {
        var (app, queued) = (App(), Event());
        Assert.Equal(VerdictKind.Again, await VerdictAsync(app, queued));
        _time.Advance(TimeSpan.FromMinutes(16));
        Assert.Equal(VerdictKind.Exhausted, await VerdictAsync(app, queued));
    }

    [Fact]
    public async Task A_clock_that_is_set_does_not_give_an_event_up()
    {
        var (app, queued) = (App(), Event());
        Assert.Equal(VerdictKind.Again, await VerdictAsync(app, queued));
        _time.SetWallClock(TimeSpan.FromHours(1));
        Assert.Equal(VerdictKind.Again, await VerdictAsync(app, queued));
    }

    [Fact]
    public async Task A_clock_that_is_set_back_lets_no_event_wait_longer()
    {
        using var queue = await QueueAsync(dueIn: null);
        queue.Open(Orders);
        await Eventually.TrueAsync(() => _refusing.Calls == 1);
        _time.SetWallClock(TimeSpan.FromHours(-1));
        await DeliveredAsync(calls: 2);
    }

    [Fact]
    public async Task What_an_earlier_run_left_waiting_is_not_held_to_a_clock_that_was_set_back_since()
    {
        using var queue = await QueueAsync(dueIn: TimeSpan.FromHours(1));
        queue.Open(Orders);
        await DeliveredAsync(calls: 1);
    }

    /// <summary>Lets time pass until then, which must take less than half an hour.</summary>
    private async Task DeliveredAsync(int calls)
    {
        var start = _time.GetTimestamp();
        await Eventually.TrueAsync(() =>
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            return _refusing.Calls >= calls;
        });
        Assert.InRange(_time.GetElapsedTime(start), TimeSpan.Zero, TimeSpan.FromMinutes(30));
    }

    private async Task<SubscriptionQueue> QueueAsync(TimeSpan? dueIn)
    {
        var store = new QueueStore(_database);
        var id = await store.AddSubscriptionAsync("app", "pubsub", "orders", CancellationToken.None);
        await store.InsertAsync([1], [id], [Event().Envelope], CancellationToken.None);
        if (dueIn is { } pause)
            await store.PostponeAsync([1], [1], [(_time.GetUtcNow() + pause).UtcDateTime], CancellationToken.None);
        var services = new QueueServices(
            store,
            Delivery(),
            new Settler(store, NullLogger.Instance),
            (_, _, _) => Task.CompletedTask,
            Workers: 1,
            _time,
            NullLogger.Instance,
            CancellationToken.None);
        return new SubscriptionQueue(new(id, "app", "pubsub", "orders"), App(), _resources.PubSub("pubsub", "app")!, services);
    }

    private App App()
    {
        var app = new App(_rig.Options.Apps[0], new AppPolicies("app", _resources.Resiliencies, _time), spans: null);
        app.SetHealth(app.Instances[0], healthy: true);
        return app;
    }

    private EventDelivery Delivery() => new(new HttpMessageInvoker(_refusing, disposeHandler: false), _time, NullLogger.Instance);

    private async Task<VerdictKind> VerdictAsync(App app, QueuedEvent queued) =>
        (await Delivery().DeliverAsync(app, Orders, queued, CancellationToken.None)).Kind;

    private static QueuedEvent Event() => new(1, Encoding.UTF8.GetBytes("""{"id":"1","type":"t","data":{}}"""));

    private sealed class Refusing : HttpMessageHandler
    {
        private int _calls;

        public int Calls => Volatile.Read(ref _calls);

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref _calls);
            return Task.FromResult(new HttpResponseMessage(HttpStatusCode.InternalServerError));
        }
    }
}
