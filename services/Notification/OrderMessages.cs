using System.Globalization;

namespace OrderMall.Notification;

/// <summary>What customers are told of their orders.</summary>
internal static class OrderMessages
{
    /// <param name="valueOf">The order's: <see cref="Words.Of"/>.</param>
    public static Letter Write(CloudEvent<OrderEvent> e, Words words, Func<string, string?> valueOf)
    {
        var order = e.Data;
        var (subject, text) = words.Say(KeyOf(e), valueOf);
        return new Letter(order.CustomerId, new Message(Message.IdOf(e.Id, order.At, order.Version), order.OrderId, subject, text, order.At));
    }

    public static string Money(decimal amount, string currency) =>
        $"{amount.ToString($"N{(decimal.IsInteger(amount) ? 0 : Currency.DecimalsOf(currency) ?? 2)}", CultureInfo.InvariantCulture)} {currency}";

    /// <summary>Whether it was given up because nobody had confirmed it for its day; what expires before that was not paid.</summary>
    public static bool IsUnconfirmed(OrderEvent order) =>
        order.Reason == OrderReasons.Expired && order.Date is { } day && order.At >= Clock.EndOf(day);

    private static string KeyOf(CloudEvent<OrderEvent> e) => e.Type switch
    {
        // Not asked for by the customer: the seller refused, or the time to pay ran out.
        OrderEvent.CancellationRequested when e.Data.Reason is not null => "RejectionRequested",
        OrderEvent.CancellationRefused when e.Data.Reason == OrderReasons.TooLateToRefuse => "RejectionRefused",
        OrderEvent.Rejected when IsUnconfirmed(e.Data) => "Unconfirmed",
        OrderEvent.Rejected when e.Data.Reason == OrderReasons.Expired => "Expired",
        // The texts are named after the events.
        _ => e.Type["Order".Length..],
    };
}
