using System.Text.Json;
using System.Text.Json.Nodes;
using OrderMall.ServiceDefaults.Alarms;
using OrderMall.ServiceDefaults.Database;
using OrderMall.ServiceDefaults.Dapr;

namespace OrderMall.ServiceDefaults.Messaging;

/// <summary>What a service subscribes to: announced to the sidecar at <c>GET /dapr/subscribe</c>.</summary>
public class Subscriptions
{
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
    /// <param name="types">The events wanted of that topic; others are acknowledged and ignored.</param>
    /// <param name="handle">Throws to have the event delivered again.</param>
    /// <typeparam name="T">The topic's payload.</typeparam>
    /// <returns>This, to go on.</returns>
    public Subscriptions On<T>(IReadOnlyCollection<string> types, Func<IServiceProvider, CloudEvent<T>, CancellationToken, Task> handle)
        where T : class, IEvent<T> => Add<T>(types, async (services, e, cancellationToken) =>
        {
            await handle(services, e, cancellationToken);
            await RecordAsync(services, e.Id, cancellationToken);
        });

    /// <summary>Writes down that an event was handled, for who asks.</summary>
    private protected virtual Task RecordAsync(IServiceProvider services, string eventId, CancellationToken cancellationToken) => Task.CompletedTask;

    private protected Subscriptions Add<T>(IReadOnlyCollection<string> types, Func<IServiceProvider, CloudEvent<T>, CancellationToken, Task> handle)
        where T : class, IEvent<T>
    {
        Announce(T.Topic, T.Topic, _deadLetterTopic, types);
        async Task Handle(IServiceProvider services, ReadOnlyMemory<byte> envelope, CancellationToken cancellationToken)
        {
            if (Read<T>(envelope, types) is { } e)
                await handle(services, e, cancellationToken);
        }

        _handlers.Add(T.Topic, Handle);
        _routes.MapPost($"/events/{T.Topic}", async (HttpContext context) =>
        {
            var envelope = await ReadBodyAsync(context);
            try
            {
                await Handle(context.RequestServices, envelope, context.RequestAborted);
            }
            catch (JsonException)
            {
                // It will not get better by trying again: to the dead letters.
                await context.Response.WriteAsync("""{"status":"DROP"}""");
            }
        }).ExcludeFromDescription();
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
    private static CloudEvent<T>? Read<T>(ReadOnlyMemory<byte> envelope, IReadOnlyCollection<string> types)
        where T : class, IEvent<T>
    {
        try
        {
            var e = JsonSerializer.Deserialize(envelope.Span, T.Json);
            return e?.Data is not null && types.Contains(e.Type) ? e : null;
        }
        catch (JsonException)
        {
            using var document = JsonDocument.Parse(envelope);
            if (document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("type", out var type) && type.ValueKind == JsonValueKind.String && !types.Contains(type.GetString()))
                return null;
            throw;
        }
    }

    internal void Announce(string topic, string route, string deadLetterTopic, IReadOnlyCollection<string>? types = null)
    {
        var subscription = new JsonObject
        {
            ["pubsubname"] = _routes.ServiceProvider.GetRequiredService<SidecarEndpoint>().PubSub,
            ["topic"] = topic,
            ["route"] = $"/events/{route}",
            ["deadLetterTopic"] = deadLetterTopic,
        };
        // A filter for the brokers that know this one; with the others the types that are not wanted arrive and are ignored.
        // Not by routing rules: Dapr would send what no rule matches to the dead letters.
        if (types is not null)
            subscription["metadata"] = new JsonObject { ["eventTypes"] = string.Join(',', types) };
        _announced.Add((JsonNode)subscription);
    }
}

/// <summary>What a service with a database subscribes to.</summary>
/// <typeparam name="TDb">The service's context.</typeparam>
public sealed class Subscriptions<TDb> : Subscriptions
    where TDb : MallDb
{
    internal Subscriptions(IEndpointRouteBuilder routes, string deadLetterTopic)
        : base(routes, deadLetterTopic)
    {
    }

    /// <summary>Handles events whose effect and the record that they were handled commit together.</summary>
    /// <param name="types">The events wanted of that topic; others are acknowledged and ignored.</param>
    /// <param name="effect">
    /// Changes the context; it is saved by the caller, and so is a transaction that the effect begins for statements of its own.
    /// Retried, on a fresh context, after a concurrency conflict.
    /// </param>
    /// <typeparam name="T">The topic's payload.</typeparam>
    /// <returns>This, to go on.</returns>
    public Subscriptions<TDb> Once<T>(IReadOnlyCollection<string> types, Func<TDb, CloudEvent<T>, CancellationToken, Task> effect)
        where T : class, IEvent<T>
    {
        Add<T>(types, (services, e, cancellationToken) => Inbox.HandleOnceAsync<TDb>(services, e.Id, (db, ct) => effect(db, e, ct), cancellationToken));
        return this;
    }

    private protected override Task RecordAsync(IServiceProvider services, string eventId, CancellationToken cancellationToken) =>
        Inbox.RecordAsync(services, eventId, cancellationToken);
}

/// <summary>Lets a service subscribe.</summary>
public static class SubscriptionsSetup
{
    /// <summary>Begins the subscriptions of a service with a database: what it cannot handle is parked there.</summary>
    /// <typeparam name="TDb">The service's context.</typeparam>
    /// <returns>To name the subscriptions.</returns>
    public static Subscriptions<TDb> MapEvents<TDb>(this WebApplication app)
        where TDb : MallDb =>
        Begin(app, topic => new Subscriptions<TDb>(app, topic), services => new DeadLetterTable(services.GetRequiredService<TDb>()));

    /// <summary>Begins the subscriptions of a service without a database: what it cannot handle is parked in the state store.</summary>
    /// <param name="app">The service; what it was made with knows <see cref="AddStateDeadLetters"/>.</param>
    /// <returns>To name the subscriptions.</returns>
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
