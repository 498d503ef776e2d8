using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using OrderMall.ServiceDefaults.Api;
using OrderMall.ServiceDefaults.Dapr;
using OrderMall.ServiceDefaults.Database;

namespace OrderMall.ServiceDefaults.Messaging;

/// <summary>Parks events that could not be handled, lists them, and handles or forgets them on request.</summary>
internal sealed partial class DeadLetters(Subscriptions subscriptions, Func<IServiceProvider, IDeadLetterStore> store, TimeProvider time, ILogger<DeadLetters> logger)
{
    private const int MostListed = 200;
    private const int BatchSize = 50;
    private const int LongestReason = 500;
    // Less than a sidecar gives an event (handle in components/resiliency.yaml): it is parked within that time too.
    private static readonly TimeSpan HandlingLimit = TimeSpan.FromSeconds(5);
    // Less than operations waits for all of them.
    private static readonly TimeSpan ReplayLimit = TimeSpan.FromSeconds(8);

    public void Map(WebApplication app)
    {
        app.MapPost("/events/dead-letters", ParkAsync).ExcludeFromDescription();
        app.MapGet("/dead-letters", (string? eventId, HttpContext context) => ListAsync(eventId, context)).ExcludeFromDescription();
        app.MapPost("/dead-letters/replay", (DeadLetterRequest request, HttpContext context) => ReplayAsync(request, context)).ExcludeFromDescription();
        app.MapPost("/dead-letters/discard", (DeadLetterRequest request, HttpContext context) => DiscardAsync(request, context)).ExcludeFromDescription();
    }

    // Nobody says why it came here, so it is tried once more: that tells, and what was only out of luck is handled after all.
    private async Task ParkAsync(HttpContext context)
    {
        var envelope = await Subscriptions.ReadBodyAsync(context);
        var letter = Describe(envelope.Span) with { ParkedAt = time.Now() };
        if (await TryAsync(letter.Topic, envelope, HandlingLimit, context) is not { } reason)
            return;
        LogParked(letter.EventId, letter.Type, letter.Topic, reason);
        await store(context.RequestServices).ParkAsync(letter with { Reason = reason }, context.RequestAborted);
    }

    private async Task<JsonHttpResult<List<DeadLetter>>> ListAsync(string? eventId, HttpContext context)
    {
        var parked = store(context.RequestServices);
        List<DeadLetter> letters = eventId is null
            ? await parked.DescribeAsync(MostListed, context.RequestAborted)
            : await parked.FindAsync(eventId, context.RequestAborted) is { } one ? [one] : [];
        return TypedResults.Json(letters, ServiceDefaultsJson.Default.ListDeadLetter);
    }

    private async Task<Ok<DeadLetterAnswer>> ReplayAsync(DeadLetterRequest request, HttpContext context)
    {
        var (parked, began) = (store(context.RequestServices), Stopwatch.StartNew());
        var (done, failed, firstReason) = (0, 0, (string?)null);
        DeadLetter? last = null;
        while (began.Elapsed < ReplayLimit && await NextAsync() is { Count: > 0 } letters)
        {
            foreach (var letter in letters)
            {
                last = letter;
                if (ReplayLimit - began.Elapsed is var left && left <= TimeSpan.Zero)
                    break;
                if (await TryAsync(letter.Topic, Encoding.UTF8.GetBytes(letter.Envelope), left, context) is { } reason)
                {
                    failed++;
                    firstReason ??= reason;
                    await parked.ParkAsync(letter with { Reason = reason }, context.RequestAborted);
                }
                else
                {
                    done++;
                    await parked.RemoveAsync(letter.EventId, context.RequestAborted);
                }
            }
        }

        return TypedResults.Ok(new DeadLetterAnswer(done, failed, await parked.CountAsync(context.RequestAborted), firstReason));

        async Task<List<DeadLetter>> NextAsync() =>
            request.EventId is not { } id ? await parked.ListAsync(last, BatchSize, context.RequestAborted)
            : last is null && await parked.FindAsync(id, context.RequestAborted) is { } one ? [one]
            : [];
    }

    private async Task<Ok<DeadLetterAnswer>> DiscardAsync(DeadLetterRequest request, HttpContext context)
    {
        var parked = store(context.RequestServices);
        var letter = await parked.FindAsync(request.EventId ?? "", context.RequestAborted);
        var discarded = letter is not null && await parked.RemoveAsync(letter.EventId, context.RequestAborted);
        if (discarded)
            LogDiscarded(letter!.EventId, letter.Type, letter.Topic);
        return TypedResults.Ok(new DeadLetterAnswer(discarded ? 1 : 0, Failed: 0, await parked.CountAsync(context.RequestAborted), Reason: null));
    }

    // Null when it is handled, otherwise why it is not.
    private async Task<string?> TryAsync(string topic, ReadOnlyMemory<byte> envelope, TimeSpan limit, HttpContext context)
    {
        using var giveUp = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        giveUp.CancelAfter(limit);
        try
        {
            await subscriptions.HandleAgainAsync(context.RequestServices, topic, envelope, giveUp.Token);
            return null;
        }
        catch (OperationCanceledException) when (giveUp.IsCancellationRequested && !context.RequestAborted.IsCancellationRequested)
        {
            return $"It was not handled within {limit.TotalSeconds:0} s.";
        }
        catch (Exception e) when (!context.RequestAborted.IsCancellationRequested)
        {
            DatabaseFailure.EvictPools(e, context.RequestServices);
            // What JSON is wrong says where, and a sidecar's refusal of what; most others only pass on what went wrong further down.
            var cause = e is JsonException or SidecarException ? e : e.GetBaseException();
            return Storable($"{cause.GetType().Name}: {(cause as PostgresException)?.MessageText ?? cause.Message}", LongestReason);
        }
    }

    // Whatever it is, it is kept.
    private static DeadLetter Describe(ReadOnlySpan<byte> envelope)
    {
        var letter = new DeadLetter
        {
            // The same again when the same comes again.
            EventId = new Guid(SHA256.HashData(envelope).AsSpan(0, 16)).ToString(),
            Topic = "",
            Type = "",
            Envelope = Storable(Encoding.UTF8.GetString(envelope), int.MaxValue),
            ParkedAt = default,
            Reason = "",
        };
        try
        {
            using var json = JsonDocument.Parse(letter.Envelope);
            string Read(string name) => json.RootElement.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? Storable(value.GetString()!, 200) : "";
            return letter with { EventId = Read("id") is var id && Askable().IsMatch(id) ? id : letter.EventId, Topic = Read("topic"), Type = Read("type") };
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return letter;
        }
    }

    // PostgreSQL keeps any character but this one.
    private static string Storable(string text, int longest)
    {
        text = text.Replace('\0', '\uFFFD');
        return text.Length <= longest ? text : text[..longest];
    }

    // What can stand in a path.
    [GeneratedRegex("^[A-Za-z0-9._~-]{1,200}$")]
    private static partial Regex Askable();

    [LoggerMessage(LogLevel.Warning, "Event {EventId}, {Type} of {Topic}, cannot be handled and is parked: {Reason}")]
    private partial void LogParked(string eventId, string type, string topic, string reason);

    [LoggerMessage(LogLevel.Warning, "Event {EventId}, {Type} of {Topic}, was discarded by an operator: it is never handled")]
    private partial void LogDiscarded(string eventId, string type, string topic);
}
