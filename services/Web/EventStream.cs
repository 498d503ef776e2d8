using System.Net;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Threading.Channels;
using OrderMall.Web.Api;

namespace OrderMall.Web;

/// <summary>
/// What changes of a person's as it happens, in one stream for a window, put together from the API's: scripts on these pages have no token. Its events
/// are named after where they come from, <c>mypage</c> or <c>notifications</c>. Each comes once when that is connected, too: what happened before is looked for.
/// </summary>
internal static class EventStream
{
    private const string Heartbeat = "heartbeat";
    private const int MostWaiting = 20;

    // The API says something every 12 s.
    private static readonly TimeSpan LongestSilence = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan ShortestPause = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan NewTokenPause = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(1);

    private static readonly IReadOnlyList<Source> Sources =
    [
        new("mypage", _ => Task.FromResult<string?>("")),
        new("notifications", async api => (await api.GetAsync<UnreadMessages>("notifications/unread")).Value is { } unread ? JsonSerializer.Serialize(unread, WebJson.Default.UnreadMessages) : null),
    ];

    public static void Map(WebApplication app) => app.MapGet("/my/events", Open).RequireAuthorization();

    // Only what the window shows: a person may have so many streams of the API, and each costs its service something.
    private static Results<ServerSentEventsResult<string>, NotFound> Open(string[] of, HttpContext context, MallClient api, TimeProvider time, IHostApplicationLifetime lifetime) =>
        Sources.Where(source => of.Length == 0 || of.Contains(source.Name)).ToList() is { Count: > 0 } sources
            ? TypedResults.ServerSentEvents(ReadAsync(sources, api, time, lifetime.ApplicationStopping, context.RequestAborted))
            : TypedResults.NotFound();

    // A stopping replica does not wait for streams that never end by themselves: browsers connect to another.
    private static async IAsyncEnumerable<SseItem<string>> ReadAsync(
        IReadOnlyList<Source> sources, MallClient api, TimeProvider time, CancellationToken stopping, [EnumeratorCancellation] CancellationToken aborted)
    {
        yield return new SseItem<string>("", Heartbeat) { ReconnectionInterval = ShortestPause };
        using var end = CancellationTokenSource.CreateLinkedTokenSource(stopping, aborted);
        var changes = Channel.CreateBounded<SseItem<string>>(MostWaiting);
        var copying = CopyAllAsync();
        try
        {
            await foreach (var change in changes.Reader.ReadAllAsync(CancellationToken.None))
                yield return change;
        }
        finally
        {
            await end.CancelAsync();
            await copying;
        }

        async Task CopyAllAsync()
        {
            try
            {
                await Task.WhenAll(sources.Select(source => CopyAsync(source, changes.Writer, api, time, end)));
            }
            finally
            {
                changes.Writer.Complete();
            }
        }
    }

    // A service that is down is waited for, and the others go on. Whose token is over comes back with a new one, though not at once: it may not be there yet.
    private static async Task CopyAsync(Source source, ChannelWriter<SseItem<string>> to, MallClient api, TimeProvider time, CancellationTokenSource end)
    {
        var pause = ShortestPause;
        while (!end.IsCancellationRequested)
        {
            using var silence = CancellationTokenSource.CreateLinkedTokenSource(end.Token);
            try
            {
                using var response = await api.StreamAsync($"{source.Name}/events", end.Token);
                if (response.StatusCode == HttpStatusCode.Unauthorized)
                {
                    await to.WriteAsync(new SseItem<string>("", Heartbeat) { ReconnectionInterval = NewTokenPause }, end.Token);
                    await end.CancelAsync();
                }
                else if (response.IsSuccessStatusCode && response.Content.Headers.ContentType?.MediaType == "text/event-stream" && await source.NowAsync(api) is { } now)
                {
                    await to.WriteAsync(new SseItem<string>(now, source.Name), end.Token);
                    silence.CancelAfter(LongestSilence);
                    var opened = time.GetTimestamp();
                    await foreach (var item in SseParser.Create(await response.Content.ReadAsStreamAsync(silence.Token)).EnumerateAsync(silence.Token))
                    {
                        await to.WriteAsync(new SseItem<string>(item.Data, item.EventType == Heartbeat ? Heartbeat : source.Name), end.Token);
                        silence.CancelAfter(LongestSilence);
                        // One that is ended as soon as it was opened is no better than one that was refused: others take its place.
                        if (time.GetElapsedTime(opened) > LongestSilence)
                            pause = ShortestPause;
                    }
                }
            }
            catch (Exception cut) when (cut is OperationCanceledException or HttpRequestException or IOException)
            {
                // It is opened again, unless it is over.
            }
            catch
            {
                await end.CancelAsync();
                throw;
            }

            // Not everybody at once, where a service was down for everybody.
            await Task.Delay(pause * (1 + Random.Shared.NextDouble()), time, end.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
        }
    }

    /// <summary>A part of the API that has an event stream.</summary>
    /// <param name="NowAsync">What to say of it when it is connected; <see langword="null"/> where nobody answers yet.</param>
    private sealed record Source(string Name, Func<MallClient, Task<string?>> NowAsync);
}
