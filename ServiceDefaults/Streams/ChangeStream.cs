using System.Globalization;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Http.HttpResults;
using OrderMall.ServiceDefaults.Api;
using OrderMall.ServiceDefaults.Dapr;
using OrderMall.ServiceDefaults.Database;

namespace OrderMall.ServiceDefaults.Streams;

/// <summary>
/// A person's changes as server-sent events. What this replica handles is sent at once; what another replica
/// handled is found by looking at the newest every few seconds.
/// </summary>
public sealed partial class ChangeStream(
    IEnumerable<INewest> newest, Listeners.Listener listener, IServiceProvider services, TimeProvider time, ILogger<ChangeStream> logger) : IDisposable
{
    private const int Newest = 20;
    private const int MostRemembered = 1000;
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan LookTimeLimit = TimeSpan.FromSeconds(2);
    // With a look and its interval on top it stays below the 15 s after which proxies and clients give up on a stream.
    private static readonly TimeSpan LongestSilence = TimeSpan.FromSeconds(9);

    // The version of each that the client knows.
    private readonly Dictionary<Guid, long> _known = [];
    private readonly List<IStreamed> _missed = [];

    /// <summary>Answers with the changes of who asks, until the service stops or they leave.</summary>
    /// <param name="lastEventId">What a client that was cut off saw last; it gets the newest that changed since.</param>
    /// <param name="context">The request: it owns the stream.</param>
    public static async Task<Results<ServerSentEventsResult<string>, ProblemHttpResult>> OpenAsync(string? lastEventId, HttpContext context, string personId, IEnumerable<INewest> newest)
    {
        var services = context.RequestServices;
        if (services.GetRequiredService<Listeners>().Listen(personId) is not { } listener)
            return Problems.Of(StatusCodes.Status429TooManyRequests, "too-many-requests", "Too many requests.", "You have too many event streams open: close one of them.");
        // From here on the request owns it: it ends whatever becomes of the stream.
        var stream = new ChangeStream(newest, listener, services, services.GetRequiredService<TimeProvider>(), services.GetRequiredService<ILogger<ChangeStream>>());
        context.Response.RegisterForDispose(stream);
        await stream.BeginAsync(lastEventId, context.RequestAborted);
        return TypedResults.ServerSentEvents(stream.UntilStoppedAsync(services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping, context.RequestAborted));
    }

    // A stopping service does not wait for streams that never end by themselves: clients connect to another replica.
    private async IAsyncEnumerable<SseItem<string>> UntilStoppedAsync(CancellationToken stopping, [EnumeratorCancellation] CancellationToken aborted)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stopping, aborted);
        await foreach (var item in ReadAsync(either.Token))
            yield return item;
    }

    // Takes what is there before anything changes, so that only changes are sent.
    private async Task BeginAsync(string? lastEventId, CancellationToken cancellationToken)
    {
        var since = long.TryParse(lastEventId, NumberStyles.None, CultureInfo.InvariantCulture, out var milliseconds) ? milliseconds : long.MaxValue;
        foreach (var page in await NewestAsync(cancellationToken))
        {
            if (page.UpdatedAt.ToUnixTimeMilliseconds() >= since)
                _missed.Add(page);
            else
                _known[page.Id] = page.Version;
        }
    }

    // Ends when it is cancelled.
    private async IAsyncEnumerable<SseItem<string>> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // At once, so that the client has the answer's headers.
        yield return Heartbeat();
        foreach (var item in New(_missed))
            yield return item;
        var lastSent = time.GetTimestamp();
        var lastLook = lastSent;
        while (await WaitAsync(LookInterval - time.GetElapsedTime(lastLook), cancellationToken))
        {
            // However often it was woken, it looks once.
            var isWoken = false;
            while (listener.Changes.TryRead(out var changed))
            {
                isWoken |= changed is null;
                foreach (var item in New(changed is null ? [] : [changed]))
                {
                    yield return item;
                    lastSent = time.GetTimestamp();
                }
            }

            if (isWoken || time.GetElapsedTime(lastLook) >= LookInterval)
            {
                foreach (var item in New(await LookAsync(cancellationToken)))
                {
                    yield return item;
                    lastSent = time.GetTimestamp();
                }

                lastLook = time.GetTimestamp();
            }

            if (time.GetElapsedTime(lastSent) >= LongestSilence)
            {
                yield return Heartbeat();
                lastSent = time.GetTimestamp();
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => listener.Dispose();

    private static SseItem<string> Heartbeat() => new("", "heartbeat") { ReconnectionInterval = LookInterval };

    private async Task<bool> WaitAsync(TimeSpan limit, CancellationToken cancellationToken)
    {
        if (limit > TimeSpan.Zero)
        {
            using var timer = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            timer.CancelAfter(limit);
            Task change = listener.Changes.WaitToReadAsync(timer.Token).AsTask();
            await change.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        return !cancellationToken.IsCancellationRequested;
    }

    private IEnumerable<SseItem<string>> New(IEnumerable<IStreamed> changed)
    {
        foreach (var page in changed.OrderBy(page => page.UpdatedAt))
        {
            if (_known.TryGetValue(page.Id, out var version) && version >= page.Version)
                continue;
            _known[page.Id] = page.Version;
            yield return new SseItem<string>(page.ViewJson, page.Name)
            {
                EventId = page.UpdatedAt.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture),
            };
        }
    }

    private async Task<List<IStreamed>> NewestAsync(CancellationToken cancellationToken) =>
        [.. (await Task.WhenAll(newest.Select(some => some.GetNewestAsync(listener.PersonId, Newest, cancellationToken)))).SelectMany(some => some)];

    private async Task<IReadOnlyList<IStreamed>> LookAsync(CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(LookTimeLimit);
        try
        {
            var there = await NewestAsync(limit.Token);
            if (_known.Count > MostRemembered)
            {
                foreach (var id in _known.Keys.Except(there.Select(page => page.Id)).ToList())
                    _known.Remove(id);
            }

            return there;
        }
        catch (Exception e) when (e is SidecarException or OperationCanceledException || DatabaseFailure.IsTransient(e))
        {
            // The stream stays open: the next look may find it.
            LogNotFound(e.Message);
            DatabaseFailure.EvictPools(e, services);
            return [];
        }
    }

    [LoggerMessage(LogLevel.Debug, "An event stream could not look for changes: {Reason}")]
    private partial void LogNotFound(string reason);
}
