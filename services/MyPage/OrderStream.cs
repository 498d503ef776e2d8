using System.Globalization;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text.Json;
using OrderMall.ServiceDefaults.Sidecar;

namespace OrderMall.MyPage;

/// <summary>
/// A person's order changes as server-sent events. What this replica handles is sent at once; what another replica
/// handled is found by looking at the newest orders every few seconds.
/// </summary>
internal sealed partial class OrderStream(OrderPages pages, Listeners.Listener listener, TimeProvider time, ILogger<OrderStream> logger) : IDisposable
{
    private const int Newest = 20;
    private const int MostRemembered = 1000;
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan LookTimeLimit = TimeSpan.FromSeconds(2);
    // With a look and its interval on top it stays below the 15 s after which proxies and clients give up on a stream.
    private static readonly TimeSpan LongestSilence = TimeSpan.FromSeconds(9);

    // The version of each order that the client knows.
    private readonly Dictionary<Guid, long> _known = [];
    private readonly List<OrderPage> _missed = [];

    /// <summary>Takes what is there before anything changes, so that only changes are sent.</summary>
    /// <param name="lastEventId">What a client that was cut off saw last; it gets the newest orders that changed since.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <exception cref="SidecarException">The state store did not answer.</exception>
    public async Task BeginAsync(string? lastEventId, CancellationToken cancellationToken)
    {
        var since = long.TryParse(lastEventId, NumberStyles.None, CultureInfo.InvariantCulture, out var milliseconds) ? milliseconds : long.MaxValue;
        foreach (var page in await pages.GetNewestAsync(listener.CustomerId, Newest, cancellationToken))
        {
            if (page.UpdatedAt.ToUnixTimeMilliseconds() >= since)
                _missed.Add(page);
            else
                _known[page.OrderId] = page.Version;
        }
    }

    /// <summary>The stream; ends when it is cancelled.</summary>
    public async IAsyncEnumerable<SseItem<string>> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // At once, so that the client has the answer's headers.
        yield return Heartbeat();
        foreach (var item in New(_missed))
            yield return item;
        var lastSent = time.GetTimestamp();
        var lastLook = lastSent;
        while (await WaitAsync(LookInterval - time.GetElapsedTime(lastLook), cancellationToken))
        {
            while (listener.Changes.TryRead(out var page))
            {
                foreach (var item in New([page]))
                {
                    yield return item;
                    lastSent = time.GetTimestamp();
                }
            }

            if (time.GetElapsedTime(lastLook) >= LookInterval)
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

    private IEnumerable<SseItem<string>> New(IEnumerable<OrderPage> changed)
    {
        foreach (var page in changed.OrderBy(page => page.UpdatedAt))
        {
            if (_known.TryGetValue(page.OrderId, out var version) && version >= page.Version)
                continue;
            _known[page.OrderId] = page.Version;
            yield return new SseItem<string>(JsonSerializer.Serialize(OrderView.Of(page), MyPageJson.Default.OrderView), "order")
            {
                EventId = page.UpdatedAt.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture),
            };
        }
    }

    private async Task<IReadOnlyList<OrderPage>> LookAsync(CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(LookTimeLimit);
        try
        {
            var newest = await pages.GetNewestAsync(listener.CustomerId, Newest, limit.Token);
            if (_known.Count > MostRemembered)
            {
                foreach (var orderId in _known.Keys.Except(newest.Select(page => page.OrderId)).ToList())
                    _known.Remove(orderId);
            }

            return newest;
        }
        catch (Exception e) when (e is SidecarException or OperationCanceledException)
        {
            // The stream stays open: the next look may find it.
            LogNotFound(e.Message);
            return [];
        }
    }

    [LoggerMessage(LogLevel.Debug, "An event stream could not look for changes: {Reason}")]
    private partial void LogNotFound(string reason);
}
