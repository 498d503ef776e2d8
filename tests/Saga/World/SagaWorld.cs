using System.Net.Http.Json;
using System.Text.Json;
using Npgsql;
using OrderMall.Catalog;
using OrderMall.Contracts;
using OrderMall.Delivery;
using OrderMall.Dispatch;
using OrderMall.Ordering;
using OrderMall.Payment;
using OrderMall.PaymentProvider;
using OrderMall.Postgres;
using OrderMall.ServiceDefaults.Api;
using OrderMall.Store;

namespace OrderMall.Saga.Tests.World;

/// <summary>
/// The mall's services as they are, each with its own database, in a world where a case decides what the network does, who
/// crashes when, and how time passes. One case after the other lives through it; nothing is left of one for the next.
/// </summary>
public sealed class SagaWorld : IAsyncLifetime
{
    internal const string Merchant = "merchant";
    internal const int Price = 12_000;
    internal const int Deposit = 2_000;
    private const int MostRounds = 40;
    // Beyond every lease and pause: whatever is due at all is due by then.
    private static readonly TimeSpan Lease = Order.Lease + TimeSpan.FromSeconds(1);
    // As in components/resiliency.yaml: nobody waits longer for an answer.
    private static readonly TimeSpan CallTimeLimit = TimeSpan.FromSeconds(4);
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    private readonly string _folder = Path.Combine(Path.GetTempPath(), $"ordermall-saga-{Guid.NewGuid():N}");
    private readonly WorldClock _clock = new();
    private readonly List<(Task Task, string? Key)> _activities = [];
    private readonly WorldService<OrderingService, OrderingDb> _ordering = new();
    private readonly WorldService<CatalogService, CatalogDb> _catalog = new();
    private readonly WorldService<PaymentService, PaymentDb> _payment = new();
    private readonly WorldService<PaymentProviderService, Ledger> _provider = new();
    private readonly WorldService<StoreService, StoreDb> _store = new();
    private readonly WorldService<DeliveryService, DeliveryDb> _delivery = new();
    private readonly WorldService<DispatchService, DispatchDb> _dispatch = new();
    private PostgresCluster? _cluster;
    private NpgsqlDataSource? _server;
    private Judgement _judgement = null!;
    private bool _unfinished;

    public SagaWorld() => Services = [_ordering, _catalog, _payment, _provider, _store, _delivery, _dispatch];

    internal IReadOnlyList<WorldService> Services { get; }

    internal Network Network { get; } = new();

    /// <summary>What the people of this case were told.</summary>
    internal Promises Promises { get; private set; } = new();

    /// <summary>What everybody orders in this case.</summary>
    internal Guid OfferId { get; private set; }

    /// <summary>What is paid first for one of it, as it is registered.</summary>
    internal decimal Prepaid { get; private set; }

    /// <summary>How many cases so far were about something that is prepaid.</summary>
    internal int PrepaidCases { get; private set; }

    /// <summary>In how many of them somebody was told that the order waits for its payment.</summary>
    internal int AwaitedCases { get; private set; }

    /// <summary>What happened in this case, in words.</summary>
    internal List<string> Story { get; } = [];

    /// <summary>How often which event was published and which answer given in all cases so far: what was never seen was never tested.</summary>
    internal Dictionary<string, int> Seen { get; } = [];

    public async Task InitializeAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        _cluster = await PostgresCluster.StartAsync(_folder, limit.Token);
        _server = NpgsqlDataSource.Create(_cluster.ConnectionString);
        await Network.StartAsync();
        foreach (var service in Services)
        {
            await service.OpenAsync(await _cluster.CreateDatabaseAsync(service.AppId.Replace('-', '_'), limit.Token), _clock, Network);
            await Network.ConnectAsync(service);
        }

        _judgement = new Judgement(this);
    }

    public async Task DisposeAsync()
    {
        foreach (var service in Services)
            await service.DisposeAsync();
        await Network.DisposeAsync();
        if (_server is not null)
            await _server.DisposeAsync();
        if (_cluster is not null)
            await _cluster.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>Lives through a case, lets everything heal, and judges what came of it.</summary>
    internal async Task LiveThroughAsync(Case @case)
    {
        await BeginAsync(@case);
        foreach (var step in @case.Steps)
        {
            Story.Add(step.ToString());
            await step.TakeAsync(this);
            await CalmAsync();
            await Judgement.WatchAsync(_catalog.Database, _dispatch.Database);
        }

        Story.Add("heal");
        await HealAsync();
        var disagreements = await _judgement.DisagreementsAsync();
        Assert.True(disagreements.Count == 0, string.Join('\n', disagreements));
        _unfinished = false;
        PrepaidCases += @case.Prepayment == Prepayment.None ? 0 : 1;
        AwaitedCases += Promises.Answers.Contains(System.Net.HttpStatusCode.Accepted) ? 1 : 0;
        foreach (var seen in Network.Published.DistinctBy(e => e.Id).Select(e => e.Type).Concat(Promises.Answers.Select(answer => $"placing: {answer?.ToString() ?? "no answer"}")))
            Seen[seen] = Seen.GetValueOrDefault(seen) + 1;
    }

    /// <summary>Begins something that goes on while other things happen, until it is done or waits for a slow call.</summary>
    /// <param name="key">Of those with the same key, the later ones wait for the first.</param>
    internal void Begin(Func<Task> activity, string? key = null)
    {
        // On a thread of its own from the start: two begun together run together.
        _activities.Add((Task.Run(activity), key));
    }

    /// <summary>Somebody uses a service, through the gateway.</summary>
    /// <returns>Nothing where the service was unreachable or crashed meanwhile.</returns>
    internal async Task<HttpResponseMessage?> AskAsync(string appId, string person, string role, HttpMethod method, string path, object? body = null, params (string Name, string Value)[] headers)
    {
        using var content = body is null ? null : JsonContent.Create(body, options: Json);
        var answer = await Network.SendAsync(Service(appId).Life, method, path, content,
            [(GatewayIdentity.CallerHeader, AppIds.Gateway), (GatewayIdentity.UserHeader, person), (GatewayIdentity.RolesHeader, role), .. headers]);
        Tell($"{method} {path} by {person}: {(answer is null ? "no answer" : (int)answer.StatusCode)}");
        Assert.False(answer is { StatusCode: System.Net.HttpStatusCode.InternalServerError }, $"{method} {path} by {person} was answered with 500.");
        return answer;
    }

    /// <summary>Delivers what is under way.</summary>
    internal async Task DeliverAsync(Message message)
    {
        await Network.DeliverAsync(message);
        Tell($"delivered {message}");
    }

    internal WorldService Service(string appId) => Services.Single(service => service.AppId == appId);

    /// <summary>The order that a case means by a number: 0 is the newest.</summary>
    internal Guid? OrderOf(int number) => Network.Orders is { Count: > 0 } orders ? orders[^(1 + (number % orders.Count))] : null;

    /// <summary>Who placed an order, if it was saved.</summary>
    internal async Task<string?> CustomerOfAsync(Guid order)
    {
        await using var command = _ordering.Database.CreateCommand("SELECT customer_id FROM orders WHERE id = $1");
        command.Parameters.Add(new() { Value = order });
        return (string?)await command.ExecuteScalarAsync();
    }

    /// <summary>Time passes; whoever looks for due work does so, one service after the other.</summary>
    internal async Task AdvanceAsync(TimeSpan by)
    {
        _clock.Advance(by);
        if (by >= CallTimeLimit)
            Network.TimeOut();
        foreach (var service in Services.Where(service => service.IsUp))
        {
            await CalmAsync();
            var life = service.Life;
            // Whoever still looks, because what was found takes its time, looks again when that is done.
            if (service.HasDueWork && !_activities.Exists(activity => activity.Key == life.Token))
            {
                var nothingDue = life.NothingDueAsync();
                Begin(() => nothingDue, life.Token);
            }

            life.Time.Ring(WorldService.LongestLookInterval);
        }
    }

    /// <summary>A service that is down is started; one that is up crashes first.</summary>
    internal async Task RestartAsync(WorldService service)
    {
        service.Life.EndBefore(0);
        await BuryAsync(service);
        await service.StartAsync(_clock, Network);
    }

    /// <summary>Until everything that was begun is done or waits for a slow call, and everything committed is published.</summary>
    internal async Task CalmAsync()
    {
        await Eventually.WithinAsync(
            TimeSpan.FromSeconds(20),
            async () =>
            {
                foreach (var service in Services)
                    await BuryAsync(service);
                var going = _activities.FindAll(activity => !activity.Task.IsCompleted);
                // A request whose key is in use waits for the one before.
                var blocked = Network.Waiting + going.Count - going.DistinctBy(activity => activity.Key ?? (object)activity.Task).Count();
                if (going.Count > blocked && (blocked == 0 || going.Count > blocked + await LockedOutAsync()))
                    return false;
                foreach (var service in Services)
                {
                    if (!await service.HasPublishedAsync())
                        return false;
                }

                return true;
            },
            () => $"come to rest; {_activities.Count(activity => !activity.Task.IsCompleted)} go on, {Network.Waiting} wait");
        var done = _activities.FindAll(activity => activity.Task.IsCompleted);
        _activities.RemoveAll(activity => activity.Task.IsCompleted);
        foreach (var (task, _) in done)
            await task;
    }

    internal void Tell(string what)
    {
        lock (Story)
            Story.Add($"    {what}");
    }

    private async Task BeginAsync(Case @case)
    {
        if (_unfinished)
        {
            // The case before failed halfway.
            Network.BeHonest();
            foreach (var service in Services)
                await RestartAsync(service);
            await Task.WhenAll(_activities.Select(activity => activity.Task)).ContinueWith(_ => { }, TaskScheduler.Default);
            _activities.Clear();
        }

        _unfinished = true;
        foreach (var service in Services)
            await service.ForgetAsync();
        Network.Forget();
        Promises = new Promises();
        Prepaid = @case.Prepayment switch { Prepayment.None => 0, Prepayment.Deposit => Deposit, _ => Price };
        Story.Clear();
        using var answer = await AskAsync(AppIds.Catalog, Merchant, Roles.Merchant, HttpMethod.Post, "api/offers", new
        {
            kind = "made-up",
            title = "Something",
            price = Price,
            deposit = @case.Prepayment == Prepayment.Deposit ? Deposit : (int?)null,
            currency = "KRW",
            prepayment = @case.Prepayment,
            fulfilment = @case.Fulfilment,
            capacity = @case.Capacity,
            overbook = true,
            date = @case.Dated ? DateOnly.FromDateTime(_clock.Now.UtcDateTime) : (DateOnly?)null,
        });
        OfferId = (await answer!.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetGuid();
        await CalmAsync();
    }

    private async Task HealAsync()
    {
        Network.BeHonest();
        foreach (var service in Services)
        {
            service.Life.Spare();
            if (!service.IsUp)
                await RestartAsync(service);
        }

        await new Provider("normal").TakeAsync(this);
        for (var round = 1; ; round++)
        {
            await new DeliverAll().TakeAsync(this);
            var before = Network.Traffic;
            await AdvanceAsync(Lease);
            await CalmAsync();
            if (Network.Traffic == before && Network.Pending.Count == 0)
                return;
            Assert.True(round <= MostRounds, $"It never comes to rest: {string.Join(", ", Network.Pending)}");
        }
    }

    // How many wait for the locks of who waits.
    private async Task<long> LockedOutAsync()
    {
        await using var command = _server!.CreateCommand("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'");
        return (long)(await command.ExecuteScalarAsync())!;
    }

    private async Task BuryAsync(WorldService service)
    {
        if (service.IsUp)
            return;
        Network.TimeOut(service.Life);
        await service.BuryAsync();
    }
}
