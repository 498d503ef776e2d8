using System.Diagnostics;
using System.Globalization;

namespace OrderMall.Sidecar;

/// <summary>
/// One hop through the sidecar, in the W3C trace that the request or event belongs to. It has a span id of its own, which is the
/// parent of what comes behind it; where the trace is sampled and exported, it is a span as daprd makes one.
/// </summary>
internal readonly struct TraceContext
{
    private const int Length = 55;

    private TraceContext(string id, Activity? span) => (Id, Span) = (id, span);

    /// <summary>The <c>traceparent</c> of what comes behind this hop.</summary>
    public string Id { get; }

    /// <summary>The span, which whoever began it ends; <see langword="null"/> where nobody is told of it.</summary>
    public Activity? Span { get; }

    /// <summary>Begins a hop in the trace that a <c>traceparent</c> names; in a new one, not sampled, when there is none or it is malformed.</summary>
    /// <param name="app">Whose sidecar this is.</param>
    /// <param name="name">The span's.</param>
    /// <param name="traceparent">What came in.</param>
    public static TraceContext Begin(App app, string name, string? traceparent)
    {
        var valid = IsValid(traceparent);
        if (valid && app.Spans?.Begin(name, traceparent!) is { } span)
            return new(span.Id!, span);
        var id = string.Create(Length, valid ? traceparent : null, static (text, parent) =>
        {
            if (parent is null)
                text.TryWrite(CultureInfo.InvariantCulture, $"00-{NotZero():x16}{NotZero():x16}-{NotZero():x16}-00", out _);
            else
                parent.CopyTo(text);
            NotZero().TryFormat(text[36..52], out _, "x16", CultureInfo.InvariantCulture);
        });
        return new(id, span: null);
    }

    /// <summary>Ends the span with the status of the answer; without one, since there was none, as failed.</summary>
    public void End(int? status)
    {
        if (Span is null)
            return;
        if (status is { } code)
            Span.SetTag("dapr.status_code", code.ToString(CultureInfo.InvariantCulture));
        if (status is null or >= StatusCodes.Status400BadRequest)
            Span.SetStatus(ActivityStatusCode.Error);
        Span.Dispose();
    }

    private static bool IsValid(string? text)
    {
        if (text is not { Length: Length } || !text.StartsWith("00-", StringComparison.Ordinal) || text[35] != '-' || text[52] != '-')
            return false;
        var trace = text.AsSpan(3, 32);
        var span = text.AsSpan(36, 16);
        return IsHex(trace) && IsHex(span) && IsHex(text.AsSpan(53, 2)) && trace.ContainsAnyExcept('0') && span.ContainsAnyExcept('0');
    }

    private static bool IsHex(ReadOnlySpan<char> text) => !text.ContainsAnyExcept("0123456789abcdef");

    private static ulong NotZero() => (ulong)Random.Shared.NextInt64(1, long.MaxValue);
}
