using System.Globalization;

namespace OrderMall.Notification;

/// <summary>What customers are told of their money: that it was given back, how much and when. That it was taken they are told with their order.</summary>
internal static class PaymentMessages
{
    public static readonly IReadOnlyCollection<string> Types = [PaymentEvent.Refunded];

    public static Letter Write(CloudEvent<PaymentEvent> e, Words words)
    {
        var payment = e.Data;
        // An order has one refund, however often it is told of.
        var at = payment.Since ?? payment.At;
        var amount = OrderMessages.Money(payment.Amount, payment.Currency);
        var (subject, text) = words.Say("Refunded", name => name switch
        {
            "amount" => amount,
            "date" => at.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
            "time" => at.UtcDateTime.ToString("HH:mm", CultureInfo.InvariantCulture),
            "order" => $"{payment.OrderId}",
            _ => null,
        });
        return new Letter(payment.CustomerId, new Message(Message.IdOf($"{payment.OrderId}/refund", at, version: 0), payment.OrderId, subject, text, at));
    }
}
