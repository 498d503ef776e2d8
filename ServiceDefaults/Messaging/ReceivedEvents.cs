using System.Diagnostics;
using System.Text.Json;
using OrderMall.ServiceDefaults.Dapr;
using OrderMall.ServiceDefaults.Database;

namespace OrderMall.ServiceDefaults.Messaging;

/// <summary>What the sidecar delivers in one request: one event, or several, each under an entry id by which it is told what became of it.</summary>
internal sealed partial class ReceivedEvents : IDisposable
{
    // Less than a sidecar gives a delivery (handle in components/resiliency.yaml): what is done by then need not come again.
    private static readonly TimeSpan HandlingLimit = TimeSpan.FromSeconds(7);

    private readonly JsonDocument _document;
    private readonly List<Entry> _entries = [];
    private readonly bool _isBulk;

    private ReceivedEvents(JsonDocument document)
    {
        _document = document;
        _isBulk = document.RootElement.TryGetProperty("entries", out var entries);
        if (!_isBulk)
            _entries.Add(new Entry("", document.RootElement));
        for (var i = 0; _isBulk && i < entries.GetArrayLength(); i++)
            _entries.Add(new Entry(entries[i].GetProperty("entryId").GetString() ?? "", entries[i].GetProperty("event")));
    }

    /// <summary>Reads the envelope of one event or of several.</summary>
    /// <returns><see langword="null"/> where it is none.</returns>
    public static ReceivedEvents? TryRead(ReadOnlyMemory<byte> body)
    {
        try
        {
            return new ReceivedEvents(JsonDocument.Parse(body));
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>
    /// Handles all events at once; where that fails, one by one, so that a bad event does not hold its neighbours. What cannot be handled comes
    /// again, as the sidecar's policy says, before it is a dead letter.
    /// </summary>
    /// <param name="read">Reads an event; <see langword="null"/> for one that is not wanted.</param>
    /// <param name="handle">Handles all of them or throws.</param>
    public async Task HandleAsync<T>(
        Func<JsonElement, CloudEvent<T>?> read, Func<IServiceProvider, IReadOnlyList<CloudEvent<T>>, CancellationToken, Task> handle, HttpContext context)
        where T : class, IEvent<T>
    {
        var wanted = new List<(Entry Entry, CloudEvent<T> Event)>(_entries.Count);
        foreach (var entry in _entries)
        {
            try
            {
                if (read(entry.Event) is { } e)
                    wanted.Add((entry, e));
            }
            catch (JsonException)
            {
                entry.Status = Status.Drop;
            }
        }

        if (wanted.Count > 0)
            await HandleAsync(wanted, handle, context);
        context.Response.ContentType = "application/json";
        await using var json = new Utf8JsonWriter(context.Response.BodyWriter);
        if (!_isBulk)
        {
            Write(json, _entries[0]);
            return;
        }

        json.WriteStartObject();
        json.WriteStartArray("statuses");
        foreach (var entry in _entries)
            Write(json, entry);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private void Write(Utf8JsonWriter json, Entry entry)
    {
        json.WriteStartObject();
        if (_isBulk)
            json.WriteString("entryId", entry.Id);
        json.WriteString("status", entry.Status switch { Status.Success => "SUCCESS", Status.Retry => "RETRY", _ => "DROP" });
        json.WriteEndObject();
    }

    public void Dispose() => _document.Dispose();

    private static async Task HandleAsync<T>(
        List<(Entry Entry, CloudEvent<T> Event)> wanted, Func<IServiceProvider, IReadOnlyList<CloudEvent<T>>, CancellationToken, Task> handle, HttpContext context)
        where T : class, IEvent<T>
    {
        var (services, cancellationToken) = (context.RequestServices, context.RequestAborted);
        var logger = services.GetRequiredService<ILogger<ReceivedEvents>>();
        var began = Stopwatch.GetTimestamp();
        try
        {
            await handle(services, [.. wanted.Select(each => each.Event)], cancellationToken);
            return;
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            DatabaseFailure.EvictPools(e, services);
            if (wanted is [var (entry, only)])
            {
                entry.Status = Status.Retry;
                LogLater(logger, e, only.Id, only.Type, T.Topic);
                return;
            }

            LogTogether(logger, wanted.Count, T.Topic, e.GetBaseException().Message);
        }

        var isReachable = true;
        foreach (var (entry, e) in wanted)
        {
            if (!isReachable || Stopwatch.GetElapsedTime(began) > HandlingLimit)
            {
                entry.Status = Status.Retry;
                continue;
            }

            try
            {
                await handle(services, [e], cancellationToken);
            }
            catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
            {
                entry.Status = Status.Retry;
                DatabaseFailure.EvictPools(failure, services);
                LogLater(logger, failure, e.Id, e.Type, T.Topic);
                // Else no other event could be handled now either.
                isReachable = failure is not (SidecarException { InnerException: not JsonException } or TimeoutException or OperationCanceledException or HttpRequestException)
                    && !DatabaseFailure.IsTransient(failure);
            }
        }
    }

    private enum Status
    {
        Success,
        Retry,

        // To the dead letters, without a retry.
        Drop,
    }

    private sealed class Entry(string id, JsonElement e)
    {
        public string Id => id;

        public JsonElement Event => e;

        public Status Status { get; set; }
    }

    [LoggerMessage(LogLevel.Warning, "{Count} events of {Topic} cannot be handled together, so one by one: {Reason}")]
    private static partial void LogTogether(ILogger logger, int count, string topic, string reason);

    [LoggerMessage(LogLevel.Warning, "Event {EventId}, {Type} of {Topic}, cannot be handled yet")]
    private static partial void LogLater(ILogger logger, Exception failure, string eventId, string type, string topic);
}
