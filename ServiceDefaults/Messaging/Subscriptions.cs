using System.Text.Json;
using System.Text.Json.Nodes;
using OrderMall.ServiceDefaults.Alarms;
using OrderMall.ServiceDefaults.Api;
using OrderMall.ServiceDefaults.Dapr;
using OrderMall.ServiceDefaults.Database;

namespace OrderMall.ServiceDefaults.Messaging;

/// <summary>What a service subscribes to: announced to the sidecar at <c>GET /dapr/subscribe</c>. Events come in bulk where the sidecar does that well, else one by one.</summary>
public class Subscriptions
{
    // An event waits for its neighbours for so long at most, and a delivery is well handled within its time limit.
    private const int MostAtOnce = 100;
    private const int LongestWaitMs = 20;

    private readonly IEndpointRouteBuilder _routes;
    private readonly string _deadLetterTopic;
    private readonly JsonArray _announced = [];
    private readonly Dictionary<string, Func<IServiceProvider, ReadOnlyMemory<byte>, CancellationToken, Task>> _handlers = [];

    internal Subscriptions(IEndpointRouteBuilder routes, string deadLetterTopic)
    {
        _routes = routes;
        _deadLetterTopic = deadLetterTopic;
        routes.MapGet("/dapr/subscribe", () => TypedResults.Text(_announced.ToJsonString(), "application/json")).ExcludeFromDescription();
    }

    /// <summary>Handles events with an effect that is idempotent by itself.</summary>
    /// <param name="types">The events wanted; others of the same topics are acknowledged and ignored.</param>
    /// <param name="handle">Handles all of them or throws: then they are handled one by one, and what fails alone again comes again or is parked.</param>
    public Subscriptions On<T>(IReadOnlyCollection<string> types, Func<IServiceProvider, IReadOnlyList<CloudEvent<T>>, CancellationToken, Task> handle)
        where T : class, IEvent<T> => Add<T>(types, async (services, events, cancellationToken) =>
        {
            await handle(services, events, cancellationToken);
            await RecordAsync(services, [.. events.Select(e => e.Id)], cancellationToken);
        });

    /// <summary>Writes down that events were handled, for who asks.</summary>
    private protected virtual Task RecordAsync(IServiceProvider services, string[] eventIds, CancellationToken cancellationToken) => Task.CompletedTask;

    private protected Subscriptions Add<T>(IReadOnlyCollection<string> types, Func<IServiceProvider, IReadOnlyList<CloudEvent<T>>, CancellationToken, Task> handle)
        where T : class, IEvent<T>
    {
        foreach (var topic in types.Select(T.TopicOf).Distinct())
        {
            Announce(topic, topic, _deadLetterTopic, mayBeBulk: true);
            _handlers.Add(topic, async (services, envelope, cancellationToken) =>
            {
                using var document = JsonDocument.Parse(envelope);
                if (Read<T>(document.RootElement, types) is { } e)
                    await handle(services, [e], cancellationToken);
            });
            _routes.MapPost($"/events/{topic}", async (HttpContext context) =>
            {
                using var delivery = ReceivedEvents.TryRead(await ReadBodyAsync(context));
                // What nobody can read will not get better by trying again: to the dead letters.
                if (delivery is null)
                    await context.Response.WriteAsync("""{"status":"DROP"}""");
                else
                    await delivery.HandleAsync(element => Read<T>(element, types), handle, context);
            }).ExcludeFromDescription();
        }

        return this;
    }

    /// <summary>Handles an event again that could not be handled.</summary>
    /// <exception cref="InvalidOperationException">Nothing here subscribes to its topic any more.</exception>
    internal Task HandleAgainAsync(IServiceProvider services, string topic, ReadOnlyMemory<byte> envelope, CancellationToken cancellationToken) =>
        _handlers.TryGetValue(topic, out var handle)
            ? handle(services, envelope, cancellationToken)
            : throw new InvalidOperationException($"Nothing here subscribes to the topic '{topic}'.");

    internal static async Task<ReadOnlyMemory<byte>> ReadBodyAsync(HttpContext context)
    {
        using var body = new MemoryStream((int)(context.Request.ContentLength ?? 1024));
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        return body.GetBuffer().AsMemory(0, (int)body.Length);
    }

    // An event that nobody here wants need not be readable.
    private static CloudEvent<T>? Read<T>(JsonElement envelope, IReadOnlyCollection<string> types)
        where T : class, IEvent<T>
    {
        try
        {
            var e = envelope.Deserialize(RequiredFields.In(T.Json));
            return e?.Data is not null && types.Contains(e.Type) ? e : null;
        }
        catch (JsonException) when (IsOfAnotherType(envelope, types))
        {
            return null;
        }
    }

    private static bool IsOfAnotherType(JsonElement envelope, IReadOnlyCollection<string> types) =>
        envelope.ValueKind == JsonValueKind.Object && envelope.TryGetProperty("type", out var type) && type.ValueKind == JsonValueKind.String && !types.Contains(type.GetString());

    internal void Announce(string topic, string route, string deadLetterTopic, bool mayBeBulk = false)
    {
        var sidecar = _routes.ServiceProvider.GetRequiredService<SidecarEndpoint>();
        var subscription = new JsonObject
        {
            ["pubsubname"] = sidecar.PubSub,
            ["topic"] = topic,
            ["route"] = $"/events/{route}",
            ["deadLetterTopic"] = deadLetterTopic,
        };
        if (mayBeBulk && sidecar.BulkSubscribe)
            subscription["bulkSubscribe"] = new JsonObject { ["enabled"] = true, ["maxMessagesCount"] = MostAtOnce, ["maxAwaitDurationMs"] = LongestWaitMs };
        _announced.Add((JsonNode)subscription);
    }
}

/// <summary>What a service with a database subscribes to.</summary>
public sealed class Subscriptions<TDb> : Subscriptions
    where TDb : MallDb
{
    internal Subscriptions(IEndpointRouteBuilder routes, string deadLetterTopic)
        : base(routes, deadLetterTopic)
    {
    }

    /// <summary>Handles events whose effects, and the record that they were handled, commit together: those of one delivery in one transaction.</summary>
    /// <param name="types">The events wanted; others of the same topics are acknowledged and ignored.</param>
    /// <param name="effect">
    /// Changes the context, which is saved by the caller; statements of its own are part of the transaction. Called for one event
    /// after the other, and again, on a fresh context, after a concurrency conflict.
    /// </param>
    /// <param name="load">
    /// Reads with one query what the effects of these events look up by <see cref="MallDb.Loaded{TRow}"/>: then all are saved together. Without
    /// it each is saved before the next, which may read what it did.
    /// </param>
    public Subscriptions<TDb> Once<T>(
        IReadOnlyCollection<string> types,
        Func<TDb, CloudEvent<T>, CancellationToken, Task> effect,
        Func<TDb, IReadOnlyList<CloudEvent<T>>, CancellationToken, Task>? load = null)
        where T : class, IEvent<T>
    {
        Add<T>(types, (services, events, cancellationToken) => Inbox.HandleOnceAsync<TDb, T>(services, events, load, effect, cancellationToken));
        return this;
    }

    /// <inheritdoc cref="Once{T}(IReadOnlyCollection{string}, Func{TDb, CloudEvent{T}, CancellationToken, Task}, Func{TDb, IReadOnlyList{CloudEvent{T}}, CancellationToken, Task})"/>
    public Subscriptions<TDb> Once<T>(
        IReadOnlyCollection<string> types, Action<TDb, CloudEvent<T>> effect, Func<TDb, IReadOnlyList<CloudEvent<T>>, CancellationToken, Task> load)
        where T : class, IEvent<T> =>
        Once(
            types,
            (db, e, _) =>
            {
                effect(db, e);
                return Task.CompletedTask;
            },
            load);

    private protected override Task RecordAsync(IServiceProvider services, string[] eventIds, CancellationToken cancellationToken) =>
        Inbox.RecordAsync(services, eventIds, cancellationToken);
}

/// <summary>Lets a service subscribe.</summary>
public static class SubscriptionsSetup
{
    /// <summary>Begins the subscriptions of a service with a database: what it cannot handle is parked there.</summary>
    public static Subscriptions<TDb> MapEvents<TDb>(this WebApplication app)
        where TDb : MallDb =>
        Begin(app, topic => new Subscriptions<TDb>(app, topic), services => new DeadLetterTable(services.GetRequiredService<TDb>()));

    /// <summary>Begins the subscriptions of a service without a database: what it cannot handle is parked in the state store.</summary>
    /// <param name="app">The service; what it was made with knows <see cref="AddStateDeadLetters"/>.</param>
    public static Subscriptions MapEvents(this WebApplication app)
    {
        app.MapPost("/audit/messaging", async (DeadLetterState letters, CancellationToken cancellationToken) =>
            TypedResults.Ok(new AuditedMessaging(Outbox: 0, await letters.CountAsync(cancellationToken)))).ExcludeFromDescription();
        return Begin(app, topic => new Subscriptions(app, topic), services => services.GetRequiredService<DeadLetterState>());
    }

    /// <summary>Lets a service without a database park in the state store what it cannot handle.</summary>
    public static void AddStateDeadLetters(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<DeadLetterState>();
        builder.AddAlarm(MessagingAlarms.DeadLetters, static async (services, cancellationToken) => await services.GetRequiredService<DeadLetterState>().CountAsync(cancellationToken));
    }

    private static TSubscriptions Begin<TSubscriptions>(WebApplication app, Func<string, TSubscriptions> make, Func<IServiceProvider, IDeadLetterStore> store)
        where TSubscriptions : Subscriptions
    {
        // Its own dead letter topic as well: what cannot be parked, since there is no room or the store is unreachable, comes again.
        var deadLetterTopic = $"{app.Services.GetRequiredService<SidecarEndpoint>().AppId}-dead-letters";
        var subscriptions = make(deadLetterTopic);
        subscriptions.Announce(deadLetterTopic, "dead-letters", deadLetterTopic);
        new DeadLetters(subscriptions, store, app.Services.GetRequiredService<TimeProvider>(), app.Services.GetRequiredService<ILogger<DeadLetters>>()).Map(app);
        return subscriptions;
    }
}
