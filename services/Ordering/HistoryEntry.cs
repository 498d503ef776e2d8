using OrderMall.Contracts;

namespace OrderMall.Ordering;

/// <summary>A status the order reached, and when.</summary>
/// <param name="Status">Which.</param>
/// <param name="At">When (UTC).</param>
internal sealed record HistoryEntry(OrderStatus Status, DateTimeOffset At);
