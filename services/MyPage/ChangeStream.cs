using System.Globalization;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;

namespace OrderMall.MyPage;

/// <summary>
/// A person's changes as server-sent events. What this replica handles is sent at once; what another replica
/// handled is found by looking at the newest every few seconds.
/// </summary>
internal sealed partial class ChangeStream(
    IEnumerable<INewest> pages, Listeners.Listener listener, TimeProvider time, ILogger<ChangeStream> logger) : IDisposable
{
    private const int Newest = 20;
    private const int MostRemembered = 1000;
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan LookTimeLimit = TimeSpan.FromSeconds(2);
    // With a look and its interval on top it stays below the 15 s after which proxies and clients give up on a stream.
    private static readonly TimeSpan LongestSilence = TimeSpan.FromSeconds(9);

    // The version of each page that the client knows.
    private readonly Dictionary<Guid, long> _known = [];
    private readonly List<IPage> _missed = [];

    /// <summary>Takes what is there before anything changes, so that only changes are sent.</summary>
    /// <param name="lastEventId">What a client that was cut off saw last; it gets the newest that changed since.</param>
    /// <exception cref="SidecarException">The state store did not answer.</exception>
    public async Task BeginAsync(string? lastEventId, CancellationToken cancellationToken)
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

    private IEnumerable<SseItem<string>> New(IEnumerable<IPage> changed)
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

    private async Task<List<IPage>> NewestAsync(CancellationToken cancellationToken) =>
        [.. (await Task.WhenAll(pages.Select(some => some.GetNewestAsync(listener.PersonId, Newest, cancellationToken)))).SelectMany(some => some)];

    private async Task<IReadOnlyList<IPage>> LookAsync(CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(LookTimeLimit);
        try
        {
            var newest = await NewestAsync(limit.Token);
            if (_known.Count > MostRemembered)
            {
                foreach (var id in _known.Keys.Except(newest.Select(page => page.Id)).ToList())
                    _known.Remove(id);
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
