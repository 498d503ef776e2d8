using OrderMall.Contracts;
using OrderMall.Contracts.Events;

namespace OrderMall.Saga.Tests;

/// <summary>The ways an order may go, written down once more: as its customer sees it.</summary>
internal static class LegalPath
{
    /// <summary>What in a history should not be.</summary>
    public static IEnumerable<string> Breaches(Fulfilment fulfilment, IReadOnlyList<OrderStatus> history)
    {
        if (history[0] is not (OrderStatus.AwaitingPayment or OrderStatus.Accepted))
            yield return $"begins as {history[0]}";
        var cancelledFrom = history[0];
        foreach (var (from, to) in history.Zip(history.Skip(1)))
        {
            var isLegal = from == OrderStatus.Cancelling
                ? to is OrderStatus.Cancelled or OrderStatus.Rejected || (to == cancelledFrom && to != OrderStatus.AwaitingPayment)
                : Next(fulfilment, from).Contains(to);
            if (!isLegal)
                yield return $"goes from {from} to {to}";
            if (to == OrderStatus.Cancelling)
                cancelledFrom = from;
        }
    }

    private static OrderStatus[] Next(Fulfilment fulfilment, OrderStatus status) => (status, fulfilment) switch
    {
        (OrderStatus.AwaitingPayment, _) => [OrderStatus.Accepted, .. Ends],
        (OrderStatus.Accepted, _) => [OrderStatus.Received, .. Ends],
        (OrderStatus.Received, Fulfilment.Delivery) => [OrderStatus.Preparing, .. Ends],
        (OrderStatus.Received, Fulfilment.Assignment) => [OrderStatus.Assigned, .. Ends],
        (OrderStatus.Received, _) => [OrderStatus.Confirmed, .. Ends],
        (OrderStatus.Preparing, Fulfilment.Delivery) => [OrderStatus.Shipped, .. Ends],
        (OrderStatus.Shipped, Fulfilment.Delivery) => [OrderStatus.Delivered],
        (OrderStatus.Assigned, Fulfilment.Assignment) => [OrderStatus.Completed, .. Ends],
        (OrderStatus.Confirmed, Fulfilment.None or Fulfilment.Confirmation) => [OrderStatus.Completed, .. Ends],
        _ => [],
    };

    private static readonly OrderStatus[] Ends = [OrderStatus.Cancelling, OrderStatus.Cancelled, OrderStatus.Rejected];
}
