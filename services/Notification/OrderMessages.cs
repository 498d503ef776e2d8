using System.Globalization;

namespace OrderMall.Notification;

/// <summary>What customers are told of their orders.</summary>
internal static class OrderMessages
{
    public static Letter Write(CloudEvent<OrderEvent> e)
    {
        var order = e.Data;
        var what = Describe(order);
        var (subject, text) = e.Type switch
        {
            OrderEvent.AwaitingPayment => ("Waiting for payment", $"Your order of {what} is held for you. It is charged as soon as payments are possible again, and you are told."),
            OrderEvent.Accepted => ("Order accepted", $"Thank you: we have your order of {what}.{Paid(order)}"),
            OrderEvent.Received => ("Order with the seller", $"The seller has your order of {what}."),
            OrderEvent.Confirmed => ("Order confirmed", $"Your order of {what} is confirmed."),
            OrderEvent.PreparationStarted => ("Order being packed", $"Your order of {what} is being packed."),
            OrderEvent.Shipped => ("Order shipped", $"Your order of {what} is on its way{To(order)}."),
            OrderEvent.Delivered => ("Order delivered", $"Your order of {what} has arrived."),
            OrderEvent.Assigned => ($"{Worker(order)} is coming", $"{Worker(order)} is coming{To(order)} for your order of {what}."),
            OrderEvent.Completed => ("Order completed", $"Your order of {what} is completed. Thank you."),
            // Not asked for by the customer: the seller refused, or the time to pay ran out.
            OrderEvent.CancellationRequested when order.Reason is not null => ("Order being rejected", $"Your order of {what} is being rejected{Because(order.Reason)}.{Refunding(order)} You are told when it is done."),
            OrderEvent.CancellationRequested => ("Cancellation taken", $"The cancellation of your order of {what} is being carried out.{Refunding(order)} You are told when it is done."),
            OrderEvent.CancellationRefused when order.Reason == OrderReasons.TooLateToRefuse => ("Order goes on", $"Your order of {what} is not rejected after all. It goes on, and is {order.Status}."),
            OrderEvent.CancellationRefused => ("Not cancelled", $"Your order of {what} could not be cancelled{Because(order.Reason)}. It goes on, and is {order.Status}."),
            OrderEvent.Cancelled => ("Order cancelled", $"Your order of {what} is cancelled{Because(order.Reason)}.{Refunded(order)}"),
            OrderEvent.Rejected when IsUnconfirmed(order) => ("Order expired", $"Your order of {what} was rejected: nobody had confirmed it when its day was over.{Refunded(order)}"),
            OrderEvent.Rejected when order.Reason == OrderReasons.Expired => ("Order expired", $"Your order of {what} was rejected: its payment did not become possible in time. It is not held for you any more.{Refunded(order)}"),
            OrderEvent.Rejected => ("Order rejected", $"Your order of {what} was rejected{Because(order.Reason)}.{Refunded(order)}"),
            _ => throw new ArgumentException($"Nobody is told of {e.Type}.", nameof(e)),
        };
        return new Letter(order.CustomerId, new Message(Message.IdOf(e.Id, order.At, order.Version), order.OrderId, $"{subject}: {order.Title}", text, order.At));
    }

    public static string Money(decimal amount, string currency) =>
        $"{amount.ToString($"N{(decimal.IsInteger(amount) ? 0 : Currency.DecimalsOf(currency) ?? 2)}", CultureInfo.InvariantCulture)} {currency}";

    /// <summary>Whether it was given up because nobody had confirmed it for its day; what expires before that was not paid.</summary>
    public static bool IsUnconfirmed(OrderEvent order) =>
        order.Reason == OrderReasons.Expired && order.Date is { } day && order.At >= Clock.EndOf(day);

    public static string When(DateOnly? date) => date is { } day ? $", on {day:yyyy-MM-dd}" : "";

    public static string Where(string? place) => place is { Length: > 0 } ? $", at {place}" : "";

    public static string Describe(OrderEvent order) =>
        $"{order.Quantity} × {order.Title} ({Money(order.Amount, order.Currency)}{When(order.Date)}{Where(order.Place)})";

    private static string Paid(OrderEvent order) => order.Prepaid > 0 ? $" You paid {Money(order.Prepaid, order.Currency)}." : "";

    private static string Refunding(OrderEvent order) => order.Prepaid > 0 ? " Whatever you paid for it goes back to you." : "";

    private static string Refunded(OrderEvent order) => order.Prepaid > 0 ? " Whatever you paid for it is refunded." : "";

    public static string To(OrderEvent order) => order.Destination is { Length: > 0 } destination ? $" to {destination}" : "";

    public static string Because(string? reason) => reason is { Length: > 0 } ? $": {reason}" : "";

    private static string Worker(OrderEvent order) => order.Worker ?? "Somebody";
}
