using System.Diagnostics;
using System.Globalization;

namespace OrderMall.Sidecar.Invocation;

/// <summary>The W3C trace a request or event belongs to. Each hop gets a span id of its own, and is a span where those are exported.</summary>
internal readonly struct TraceContext
{
    private const int Length = 55;
    private const int BinaryLength = 29;

    private readonly string _parent;
    private readonly bool _begun;

    private TraceContext(string parent, bool begun = false, Activity? span = null) => (_parent, _begun, Span) = (parent, begun, span);

    /// <summary>The span of a hop that was begun, where its trace is sampled and exported.</summary>
    public Activity? Span { get; }

    /// <summary>The trace that a <c>traceparent</c> names, or a new one, not sampled, when there is none or it is malformed.</summary>
    public static TraceContext From(string? traceparent) =>
        new(IsValid(traceparent)
            ? traceparent!
            : string.Create(CultureInfo.InvariantCulture, $"00-{NotZero():x16}{NotZero():x16}-{NotZero():x16}-00"));

    /// <summary>Begins the hop through an app's sidecar: what comes behind it has it as its parent. Whoever begins it ends it.</summary>
    public TraceContext Begin(App app, string name) =>
        app.Spans?.Begin(name, _parent) is { } span ? new(span.Id!, begun: true, span) : new(Child(), begun: true);

    /// <summary>Ends the hop with the status of the answer; without one, since there was none, as failed.</summary>
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

    /// <summary>Ends the hop when it was handled.</summary>
    public async Task EndAfterAsync(Task handling, HttpResponse response)
    {
        int? status = null;
        try
        {
            await handling;
            status = response.StatusCode;
        }
        finally
        {
            End(status);
        }
    }

    /// <summary>A <c>traceparent</c> with the same trace and flags, and a new span id; in a hop that was begun, its own.</summary>
    public string Child() => _begun ? _parent : string.Create(Length, _parent, static (text, parent) =>
    {
        parent.CopyTo(text);
        NotZero().TryFormat(text[36..52], out _, "x16", CultureInfo.InvariantCulture);
    });

    /// <summary>The trace that <c>grpc-trace-bin</c> names, as 29 bytes: a version and the three fields, each after its number.</summary>
    /// <returns><see langword="null"/> where they name none.</returns>
    public static TraceContext? FromBinary(ReadOnlySpan<byte> binary) =>
        binary is [0, 0, ..] && binary.Length >= BinaryLength && binary[18] == 1 && binary[27] == 2
        && $"00-{Convert.ToHexStringLower(binary[2..18])}-{Convert.ToHexStringLower(binary[19..27])}-{Convert.ToHexStringLower(binary[28..29])}" is var parent
        && IsValid(parent)
            ? new(parent)
            : null;

    /// <summary>A child's <c>traceparent</c> as <c>grpc-trace-bin</c> has it.</summary>
    public static byte[] ToBinary(string traceparent) =>
    [
        0,
        0, .. Convert.FromHexString(traceparent.AsSpan(3, 32)),
        1, .. Convert.FromHexString(traceparent.AsSpan(36, 16)),
        2, .. Convert.FromHexString(traceparent.AsSpan(53, 2)),
    ];

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
