using OrderMall.Contracts;
using OrderMall.Contracts.Events;

namespace OrderMall.Services.Tests;

/// <summary>Order events to deliver.</summary>
internal static class Orders
{
    private static long _lastId = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();

    public static OrderEvent Book(long version = 2, OrderStatus status = OrderStatus.Accepted, string customer = "alice", string merchant = "bookshop") =>
        new(
            // A millisecond for each, so that ids sort as the orders were made.
            Guid.CreateVersion7(DateTimeOffset.FromUnixTimeMilliseconds(Interlocked.Increment(ref _lastId))),
            version,
            new DateTimeOffset(2026, 5, 4, 3, 2, 1, TimeSpan.Zero),
            status,
            Reason: null,
            customer,
            merchant,
            OfferId: Guid.CreateVersion7(),
            Kind: "book",
            Title: "The Long Way",
            Quantity: 2,
            Amount: 30_000m,
            Prepaid: 30_000m,
            Currency: "KRW",
            Fulfilment.Delivery,
            Destination: "1 Main Street",
            Date: null,
            Place: null,
            Note: null);

    public static OrderEvent Table(string customer = "alice", string merchant = "bistro") =>
        Book(customer: customer, merchant: merchant) with
        {
            Kind = "table",
            Title = "A table for two",
            Quantity = 1,
            Prepaid = 10_000m,
            Fulfilment = Fulfilment.Confirmation,
            Destination = null,
            Date = new DateOnly(2026, 12, 24),
            Place = "Bistro Seoul",
        };

    /// <summary>What the order is next.</summary>
    public static OrderEvent Next(this OrderEvent order, OrderStatus status, string? reason = null) =>
        order with { Version = order.Version + 1, At = order.At.AddSeconds(1), Status = status, Reason = reason };
}
