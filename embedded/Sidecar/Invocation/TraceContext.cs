using System.Globalization;

namespace OrderMall.Sidecar;

/// <summary>The W3C trace a request or event belongs to. Each hop gets a span id of its own.</summary>
internal readonly struct TraceContext
{
    private const int Length = 55;
    private const int BinaryLength = 29;

    private readonly string _parent;

    private TraceContext(string parent) => _parent = parent;

    /// <summary>The trace that a <c>traceparent</c> names, or a new, sampled one when there is none or it is malformed.</summary>
    public static TraceContext From(string? traceparent) =>
        new(IsValid(traceparent)
            ? traceparent!
            : string.Create(CultureInfo.InvariantCulture, $"00-{NotZero():x16}{NotZero():x16}-{NotZero():x16}-01"));

    /// <summary>A <c>traceparent</c> with the same trace and flags, and a new span id.</summary>
    public string Child() => string.Create(Length, _parent, static (text, parent) =>
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
