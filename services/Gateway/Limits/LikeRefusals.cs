using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Mvc;

namespace OrderMall.Gateway.Limits;

/// <summary>
/// Refusals that a service would give everybody who asks the same, for a moment of which it says how long it is
/// (<see cref="Problems.RefusedForHeader"/>): meanwhile the gateway gives them, which costs a third.
/// </summary>
internal sealed class LikeRefusals(TimeProvider time)
{
    private const int Most = 1_000;
    private const int LargestBody = 4 * 1024;
    private static readonly string[] ToldApart = ["Prefer", "Idempotency-Key"];
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<string, Refusal> _refusals = new();

    /// <summary>What a request asks, where it may be refused as another was.</summary>
    /// <returns><see langword="null"/> where it may not: it only reads, is large, or asks for an answer of its own.</returns>
    public static async ValueTask<string?> AskedAsync(HttpContext context)
    {
        var request = context.Request;
        if (!HttpMethods.IsPost(request.Method) || Array.Exists(ToldApart, request.Headers.ContainsKey))
            return null;
        var read = await request.BodyReader.ReadAtLeastAsync(LargestBody + 1, context.RequestAborted);
        var body = read.Buffer.Length <= LargestBody ? Encoding.UTF8.GetString(read.Buffer) : null;
        request.BodyReader.AdvanceTo(read.Buffer.Start);
        return body is null ? null : $"{request.Path}{request.QueryString}\n{request.ContentType}\n{body}";
    }

    /// <summary>The refusal of what is asked, if there is one at this moment.</summary>
    public ProblemHttpResult? Find(string asked, HttpContext context)
    {
        if (!_refusals.TryGetValue(asked, out var refusal))
            return null;
        if (time.GetTimestamp() < refusal.Until)
            return Problems.RetryLater(context, refusal.Status, refusal.Type, refusal.Title, refusal.Detail, refusal.RetryAfter);
        _refusals.TryRemove(KeyValuePair.Create(asked, refusal));
        return null;
    }

    /// <summary>Remembers an answer, if it is such a refusal.</summary>
    public async Task RememberAsync(string asked, HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        if (!answer.Headers.NonValidated.TryGetValues(Problems.RefusedForHeader, out var texts)
            || !int.TryParse(texts.ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out var milliseconds)
            || answer.Headers.RetryAfter?.Delta is not { } retryAfter)
        {
            return;
        }

        // Kept in memory: it is passed on as well.
        await answer.Content.LoadIntoBufferAsync(cancellationToken);
        if (await ProblemAsync(answer, cancellationToken) is not { Type: { } type, Title: { } title, Detail: { } detail }
            || !type.StartsWith(Problems.TypePrefix, StringComparison.Ordinal))
        {
            return;
        }

        var moment = TimeSpan.FromMilliseconds(Math.Min(milliseconds, Longest.TotalMilliseconds));
        if (_refusals.Count >= Most)
            _refusals.Clear();
        _refusals[asked] = new Refusal(
            time.GetTimestamp() + (long)(moment.TotalSeconds * time.TimestampFrequency),
            (int)answer.StatusCode,
            type[Problems.TypePrefix.Length..],
            title,
            detail,
            (int)retryAfter.TotalSeconds);
    }

    private static async Task<ProblemDetails?> ProblemAsync(HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        try
        {
            return await answer.Content.ReadFromJsonAsync(GatewayJson.Default.ProblemDetails, cancellationToken);
        }
        catch (JsonException)
        {
            return null; // it is passed on as it is
        }
    }

    private sealed record Refusal(long Until, int Status, string Type, string Title, string Detail, int RetryAfter);
}
