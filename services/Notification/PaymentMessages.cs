using System.Globalization;

namespace OrderMall.Notification;

/// <summary>What customers are told of their money: that it was given back, how much and when. That it was taken they are told with their order.</summary>
internal static class PaymentMessages
{
    public static readonly IReadOnlyCollection<string> Types = [PaymentEvent.Refunded];

    public static Letter Write(CloudEvent<PaymentEvent> e, Words words)
    {
        var payment = e.Data;
        var (subject, text) = words.Say("Refunded", new()
        {
            ["amount"] = OrderMessages.Money(payment.Amount, payment.Currency),
            ["date"] = payment.At.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
            ["time"] = payment.At.UtcDateTime.ToString("HH:mm", CultureInfo.InvariantCulture),
            ["order"] = $"{payment.OrderId}",
        });
        return new Letter(payment.CustomerId, new Message(Message.IdOf(e.Id, payment.At, payment.Version), payment.OrderId, subject, text, payment.At));
    }
}
