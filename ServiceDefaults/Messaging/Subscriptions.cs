using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using OrderMall.Contracts;
using OrderMall.ServiceDefaults.Database;
using OrderMall.ServiceDefaults.Sidecar;

namespace OrderMall.ServiceDefaults.Messaging;

/// <summary>What a service subscribes to: announced to the sidecar at <c>GET /dapr/subscribe</c>.</summary>
public sealed class Subscriptions
{
    private readonly IEndpointRouteBuilder _routes;
    private readonly string _deadLetterTopic;
    private readonly JsonArray _announced = [];
    private readonly Dictionary<string, Func<HttpContext, ReadOnlyMemory<byte>, Task>> _handlers = [];

    internal Subscriptions(IEndpointRouteBuilder routes, string deadLetterTopic)
    {
        _routes = routes;
        _deadLetterTopic = deadLetterTopic;
        routes.MapGet("/dapr/subscribe", () => TypedResults.Text(_announced.ToJsonString(), "application/json")).ExcludeFromDescription();
    }

    /// <summary>Handles events whose effect and the record that they were handled commit together.</summary>
    /// <param name="topic">The topic.</param>
    /// <param name="json">How the topic's envelopes are written.</param>
    /// <param name="types">The events wanted of that topic; others are acknowledged and ignored.</param>
    /// <param name="effect">
    /// Changes the context; it is saved by the caller, and so is a transaction that the effect begins for statements of its own.
    /// Runs again, on a fresh context, when somebody else changed the same rows.
    /// </param>
    /// <typeparam name="T">The topic's payload.</typeparam>
    /// <typeparam name="TDb">The service's context.</typeparam>
    /// <returns>This, to go on.</returns>
    public Subscriptions OnceIn<TDb, T>(string topic, JsonTypeInfo<CloudEvent<T>> json, IReadOnlyCollection<string> types, Func<TDb, CloudEvent<T>, CancellationToken, Task> effect)
        where TDb : MallDb
        where T : class =>
        On(topic, json, types, (services, e, cancellationToken) =>
            Messaging.Inbox.HandleOnceAsync<TDb>(services, e.Id, (db, ct) => effect(db, e, ct), cancellationToken));

    /// <summary>Handles events with an effect that is idempotent by itself.</summary>
    /// <param name="topic">The topic.</param>
    /// <param name="json">How the topic's envelopes are written.</param>
    /// <param name="types">The events wanted of that topic; others are acknowledged and ignored.</param>
    /// <param name="handle">Throws to have the event delivered again.</param>
    /// <typeparam name="T">The topic's payload.</typeparam>
    /// <returns>This, to go on.</returns>
    public Subscriptions On<T>(string topic, JsonTypeInfo<CloudEvent<T>> json, IReadOnlyCollection<string> types, Func<IServiceProvider, CloudEvent<T>, CancellationToken, Task> handle)
        where T : class
    {
        Announce(topic, topic, _deadLetterTopic, types);
        async Task Handle(HttpContext context, ReadOnlyMemory<byte> envelope)
        {
            if (Read(envelope, json, types) is { } e)
                await handle(context.RequestServices, e, context.RequestAborted);
        }

        _handlers.Add(topic, Handle);
        _routes.MapPost($"/events/{topic}", async (HttpContext context) =>
        {
            var envelope = await ReadBodyAsync(context);
            try
            {
                await Handle(context, envelope);
            }
            catch (JsonException)
            {
                // It will not get better by trying again: to the dead letters.
                await context.Response.WriteAsync("""{"status":"DROP"}""");
            }
        }).ExcludeFromDescription();
        return this;
    }

    /// <summary>Handles an event again that was parked, or that nobody parks.</summary>
    /// <exception cref="InvalidOperationException">Nothing here subscribes to its topic any more.</exception>
    internal Task HandleAgainAsync(HttpContext context, string topic, ReadOnlyMemory<byte> envelope) =>
        _handlers.TryGetValue(topic, out var handle)
            ? handle(context, envelope)
            : throw new InvalidOperationException($"Nothing here subscribes to {topic} any more.");

    internal static async Task<ReadOnlyMemory<byte>> ReadBodyAsync(HttpContext context)
    {
        using var body = new MemoryStream((int)(context.Request.ContentLength ?? 1024));
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        return body.GetBuffer().AsMemory(0, (int)body.Length);
    }

    // An event that nobody here wants need not be readable.
    private static CloudEvent<T>? Read<T>(ReadOnlyMemory<byte> envelope, JsonTypeInfo<CloudEvent<T>> json, IReadOnlyCollection<string> types)
        where T : class
    {
        try
        {
            var e = JsonSerializer.Deserialize(envelope.Span, json);
            return e?.Data is not null && types.Contains(e.Type) ? e : null;
        }
        catch (JsonException)
        {
            using var document = JsonDocument.Parse(envelope);
            if (document.RootElement.TryGetProperty("type", out var type) && type.ValueKind == JsonValueKind.String && !types.Contains(type.GetString()))
                return null;
            throw;
        }
    }

    internal void Announce(string topic, string route, string? deadLetterTopic, IReadOnlyCollection<string>? types = null)
    {
        var subscription = new JsonObject
        {
            ["pubsubname"] = SidecarEndpoint.PubSub,
            ["topic"] = topic,
            ["route"] = $"/events/{route}",
        };
        if (deadLetterTopic is not null)
            subscription["deadLetterTopic"] = deadLetterTopic;
        // A filter for the brokers that know this one; with the others the types that are not wanted arrive and are ignored.
        // Not by routing rules: Dapr would send what no rule matches to the dead letters.
        if (types is not null)
            subscription["metadata"] = new JsonObject { ["eventTypes"] = string.Join(',', types) };
        _announced.Add((JsonNode)subscription);
    }
}

/// <summary>Lets a service subscribe.</summary>
public static class SubscriptionsSetup
{
    /// <summary>Begins the subscriptions of a service with a database: what it cannot handle is parked there.</summary>
    /// <param name="app">The service.</param>
    /// <typeparam name="TDb">The service's context.</typeparam>
    /// <returns>To name the subscriptions.</returns>
    public static Subscriptions MapEvents<TDb>(this WebApplication app)
        where TDb : MallDb
    {
        var deadLetterTopic = DeadLetterTopic(app);
        var subscriptions = new Subscriptions(app, deadLetterTopic);
        subscriptions.Announce(deadLetterTopic, "dead-letters", deadLetterTopic: null);
        DeadLetters.Map<TDb>(app, subscriptions);
        MessagingAudit.Map(app);
        return subscriptions;
    }

    /// <summary>
    /// Begins the subscriptions of a service without a database: what it cannot handle goes round on its own dead letter
    /// topic until it can. Nothing is lost; nothing is listed either.
    /// </summary>
    /// <param name="app">The service.</param>
    /// <returns>To name the subscriptions.</returns>
    public static Subscriptions MapEvents(this WebApplication app)
    {
        var deadLetterTopic = DeadLetterTopic(app);
        var subscriptions = new Subscriptions(app, deadLetterTopic);
        subscriptions.Announce(deadLetterTopic, "dead-letters", deadLetterTopic);
        app.MapPost("/events/dead-letters", async (HttpContext context) =>
        {
            var envelope = await Subscriptions.ReadBodyAsync(context);
            using var document = JsonDocument.Parse(envelope);
            // The dead-lettered event is unchanged: it still says where it was published.
            await subscriptions.HandleAgainAsync(context, document.RootElement.GetProperty("topic").GetString()!, envelope);
        }).ExcludeFromDescription();
        return subscriptions;
    }

    private static string DeadLetterTopic(WebApplication app) => $"{app.Services.GetRequiredService<SidecarEndpoint>().AppId}-dead-letters";
}
