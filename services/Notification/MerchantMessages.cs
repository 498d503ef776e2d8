namespace OrderMall.Notification;

/// <summary>What sellers are told of the orders of what they sell: that one has come, and that it is off.</summary>
internal static class MerchantMessages
{
    /// <summary>The event's letter to the seller, if it has one: of what never reached them they hear nothing.</summary>
    public static IEnumerable<Letter> Write(CloudEvent<OrderEvent> e)
    {
        var order = e.Data;
        var what = OrderMessages.Describe(order);
        (string Subject, string Text)? words = e.Type switch
        {
            OrderEvent.Received => ("New order", $"There is a new order of {what}{OrderMessages.To(order)}.{Waits(order)}{Note(order)}"),
            OrderEvent.Cancelled => ("Order cancelled", $"The order of {what} was cancelled by its customer. There is nothing to do for it any more."),
            OrderEvent.Rejected when OrderMessages.IsUnconfirmed(order) => ("Order expired", $"The order of {what} was rejected: it had not been confirmed when its day was over. There is nothing to do for it any more."),
            OrderEvent.Rejected => ("Order rejected", $"The order of {what} was rejected{OrderMessages.Because(order.Reason)}. There is nothing to do for it any more."),
            _ => null,
        };
        if (order.WasReceived && words is { } told)
        {
            // Another id than the customer's: somebody may order from themselves.
            var id = Message.IdOf($"{e.Id}/merchant", order.At, order.Version);
            yield return new Letter(order.MerchantId, new Message(id, order.OrderId, $"{told.Subject}: {order.Title}", told.Text, order.At), IsToMerchant: true);
        }
    }

    /// <summary>Their refusal came to nothing.</summary>
    public static Letter Write(CloudEvent<StoreEvent> e)
    {
        var order = e.Data;
        var text = $"Your refusal of the order of {order.Quantity} × {order.Title}{OrderMessages.When(order.Date)} came too late: the order goes on, or took place already.";
        var message = new Message(Message.IdOf(e.Id, order.At, order.Version), order.OrderId, $"Order not rejected: {order.Title}", text, order.At);
        return new Letter(order.MerchantId, message, IsToMerchant: true);
    }

    private static string Waits(OrderEvent order) => order.Fulfilment == Fulfilment.Confirmation ? " It waits for your confirmation." : "";

    private static string Note(OrderEvent order) => order.Note is { Length: > 0 } note ? $" The customer's note: {note}" : "";
}
