using OrderMall.Contracts;
using OrderMall.Contracts.Calls;
using OrderMall.Contracts.Events;
using OrderMall.Operations;

namespace OrderMall.Services.Tests;

/// <summary>What the audit says of an order's place in its merchant's book.</summary>
public sealed class AuditedStoreTests
{
    [Theory]
    [InlineData(Fulfilment.Delivery, OrderStatus.Received, "Received")]
    [InlineData(Fulfilment.Delivery, OrderStatus.Preparing, "Received")]
    [InlineData(Fulfilment.Delivery, OrderStatus.Shipped, "Confirmed")]
    [InlineData(Fulfilment.Delivery, OrderStatus.Delivered, "Completed")]
    [InlineData(Fulfilment.Assignment, OrderStatus.Assigned, "Received")]
    [InlineData(Fulfilment.Assignment, OrderStatus.Completed, "Completed")]
    [InlineData(Fulfilment.Confirmation, OrderStatus.Received, "Received")]
    [InlineData(Fulfilment.Confirmation, OrderStatus.Confirmed, "Confirmed")]
    [InlineData(Fulfilment.None, OrderStatus.Confirmed, "Confirmed")]
    [InlineData(Fulfilment.None, OrderStatus.Completed, "Completed")]
    [InlineData(Fulfilment.None, OrderStatus.Cancelled, "Cancelled")]
    [InlineData(Fulfilment.None, OrderStatus.Rejected, null)]
    public void A_book_that_agrees_is_not_mentioned(Fulfilment fulfilment, OrderStatus order, string? store) =>
        Assert.DoesNotContain("store", Judge(fulfilment, order, store));

    [Theory]
    [InlineData(Fulfilment.Confirmation, OrderStatus.Received, "Confirmed")] // the confirmation never came
    [InlineData(Fulfilment.Confirmation, OrderStatus.Confirmed, "Completed")] // nor that it took place
    [InlineData(Fulfilment.Confirmation, OrderStatus.Confirmed, "Received")]
    [InlineData(Fulfilment.None, OrderStatus.Confirmed, "Received")]
    [InlineData(Fulfilment.Delivery, OrderStatus.Shipped, "Received")]
    [InlineData(Fulfilment.Delivery, OrderStatus.Delivered, "Confirmed")]
    [InlineData(Fulfilment.Assignment, OrderStatus.Completed, "Received")]
    [InlineData(Fulfilment.None, OrderStatus.Accepted, "Received")]
    [InlineData(Fulfilment.None, OrderStatus.Accepted, null)]
    [InlineData(Fulfilment.None, OrderStatus.Confirmed, null)]
    [InlineData(Fulfilment.Delivery, OrderStatus.Preparing, "Cancelled")]
    [InlineData(Fulfilment.None, OrderStatus.Cancelled, "Received")]
    public void A_book_that_does_not_agree_is_found(Fulfilment fulfilment, OrderStatus order, string? store) =>
        Assert.Contains("store", Judge(fulfilment, order, store));

    private static List<string> Judge(Fulfilment fulfilment, OrderStatus status, string? store) =>
    [
        .. AuditRules.Judge(new OrderFacts(new AuditedOrder(Guid.Empty, "alice", Guid.Empty, 1, status, 3, 0, fulfilment, Public: true, Overdue: false))
        {
            Store = new(true, store is null ? null : new AuditedView(Guid.Empty, store, 0)),
        }).Select(disagreement => disagreement.Rule),
    ];
}
