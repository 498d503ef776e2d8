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
    private readonly string? _deadLetterTopic;
    private readonly JsonArray _announced = [];
    private readonly Dictionary<string, Func<HttpContext, Stream, Task>> _handlers = [];

    internal Subscriptions(IEndpointRouteBuilder routes, string? deadLetterTopic)
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
        async Task Handle(HttpContext context, Stream body)
        {
            var e = await JsonSerializer.DeserializeAsync(body, json, context.RequestAborted);
            if (e?.Data is not null && types.Contains(e.Type))
                await handle(context.RequestServices, e, context.RequestAborted);
        }

        _handlers.Add(topic, Handle);
        _routes.MapPost($"/events/{topic}", async (HttpContext context) =>
        {
            try
            {
                await Handle(context, context.Request.Body);
            }
            catch (JsonException)
            {
                // It will not get better by trying again: to the dead letters.
                await context.Response.WriteAsync("""{"status":"DROP"}""");
            }
        }).ExcludeFromDescription();
        return this;
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

    /// <summary>Handles an event again that was parked.</summary>
    internal async Task ReplayAsync(HttpContext context, DeadLetter letter)
    {
        if (!_handlers.TryGetValue(letter.Topic, out var handle))
            throw new InvalidOperationException($"Nothing here subscribes to {letter.Topic} any more.");
        using var envelope = new MemoryStream(System.Text.Encoding.UTF8.GetBytes(letter.Envelope));
        await handle(context, envelope);
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
        var deadLetterTopic = $"{app.Services.GetRequiredService<SidecarEndpoint>().AppId}-dead-letters";
        var subscriptions = new Subscriptions(app, deadLetterTopic);
        subscriptions.Announce(deadLetterTopic, "dead-letters", deadLetterTopic: null);
        DeadLetters.Map<TDb>(app, subscriptions);
        MessagingAudit.Map(app);
        return subscriptions;
    }

    /// <summary>Begins the subscriptions of a service without a database: the broker keeps what it cannot handle.</summary>
    /// <param name="app">The service.</param>
    /// <returns>To name the subscriptions.</returns>
    public static Subscriptions MapEvents(this WebApplication app) => new(app, deadLetterTopic: null);
}
