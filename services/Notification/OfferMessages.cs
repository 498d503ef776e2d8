namespace OrderMall.Notification;

/// <summary>What people with an interest in a kind are told of new offers.</summary>
internal static class OfferMessages
{
    public static readonly IReadOnlyCollection<string> Types = [OfferEvent.Registered];

    public static Message Write(CloudEvent<OfferEvent> e)
    {
        var offer = e.Data;
        return new Message(
            Message.IdOf(e.Id, offer.At, offer.Version),
            OrderId: null,
            $"New {offer.Kind}: {offer.Title}",
            $"{offer.Title} is on sale now ({OrderMessages.Money(offer.Price, offer.Currency)}{OrderMessages.When(offer.Date)}{OrderMessages.Where(offer.Place)}). You hear of this because of your interest in {offer.Kind}.",
            offer.At);
    }
}
