using System.Text.Json.Serialization;

namespace OrderMall.Ordering;

/// <summary>A status the order reached, when, and the event that told it.</summary>
/// <param name="At">When (UTC).</param>
/// <param name="Version">The order's, with it.</param>
/// <param name="Event">The event's name; <see langword="null"/> in orders of the time before it was remembered.</param>
internal sealed record HistoryEntry(OrderStatus Status, DateTimeOffset At, long Version, string? Event, string? Reason);

/// <summary>A status the order reached, as its customer sees it.</summary>
/// <param name="Reason">Why, where there is something to say: why it was rejected, or its cancellation refused.</param>
internal sealed record StatusView(OrderStatus Status, DateTimeOffset At, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Reason)
{
    public static StatusView Of(HistoryEntry entry) => new(entry.Status, entry.At, entry.Reason);
}
