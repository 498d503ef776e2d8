namespace OrderMall.Notification;

/// <summary>What sellers are told of the orders of what they sell: that one has come, and that it is off.</summary>
internal static class MerchantMessages
{
    /// <summary>The events of their order book that they are told of.</summary>
    public static readonly IReadOnlyCollection<string> OfTheirBook = [StoreEvent.RejectionOverruled, StoreEvent.ConfirmationDue];

    /// <summary>The event's letter to the seller, if it has one: of what never reached them they hear nothing.</summary>
    /// <param name="valueOf">The order's: <see cref="Words.Of"/>.</param>
    public static IEnumerable<Letter> Write(CloudEvent<OrderEvent> e, Words words, Func<string, string?> valueOf)
    {
        var order = e.Data;
        var key = e.Type switch
        {
            OrderEvent.Received => "Merchant:Received",
            OrderEvent.Cancelled => "Merchant:Cancelled",
            OrderEvent.Rejected when OrderMessages.IsUnconfirmed(order) => "Merchant:Unconfirmed",
            OrderEvent.Rejected => "Merchant:Rejected",
            _ => null,
        };
        if (!order.WasReceived || key is null)
            yield break;
        // Another id than the customer's: somebody may order from themselves.
        var id = Message.IdOf($"{e.Id}/merchant", order.At, order.Version);
        var (subject, text) = words.Say(key, valueOf);
        yield return new Letter(order.MerchantId, new Message(id, order.OrderId, subject, text, order.At), IsToMerchant: true);
    }

    /// <summary>Their refusal came to nothing, or their confirmation is waited for.</summary>
    public static Letter Write(CloudEvent<StoreEvent> e, Words words)
    {
        var order = e.Data;
        var (subject, text) = words.Say(e.Type == StoreEvent.ConfirmationDue ? "Merchant:ConfirmationDue" : "Merchant:RejectionOverruled", name => name switch
        {
            "title" => order.Title,
            "what" => words.Part("part:book", part => part switch
            {
                "quantity" => $"{order.Quantity}",
                "title" => order.Title,
                "when" => words.When(order.Date),
                _ => null,
            }),
            _ => null,
        });
        return new Letter(order.MerchantId, new Message(Message.IdOf(e.Id, order.At, order.Version), order.OrderId, subject, text, order.At), IsToMerchant: true);
    }
}
