using System.Linq.Expressions;
using System.Text.Json.Serialization;
using FluentValidation;
using Microsoft.Extensions.Options;

namespace OrderMall.Ordering;

/// <summary>What a customer sends to order.</summary>
/// <param name="Quantity">How many, 1 to 1000.</param>
/// <param name="Destination">Where the parcel or the worker goes; needed where the offer is fulfilled so.</param>
/// <param name="Date">The day; the offer's own if left out.</param>
/// <param name="PaymentMethod">Needed where the offer is prepaid.</param>
/// <param name="Phone">How to reach the customer; needed where somebody comes. Its seller alone sees it.</param>
/// <param name="ExpectedAmount">What all of it costs as the customer saw it, price times quantity: where it costs another amount by now, nothing is ordered.</param>
/// <param name="ExpectedPrepaid">What of that is paid first as the customer saw it, the deposit times quantity: where that is another amount by now, nothing is ordered.</param>
internal sealed record PlaceOrder(
    Guid? OfferId,
    int? Quantity,
    string? Destination,
    DateOnly? Date,
    string? Note,
    string? PaymentMethod,
    // Left out where it is: requests of the time before it have the same hash as ever.
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] decimal? ExpectedAmount = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] decimal? ExpectedPrepaid = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Phone = null);

/// <summary>An order as its customer sees it.</summary>
internal sealed record OrderView(
    Guid Id,
    string CustomerId,
    Guid OfferId,
    string Kind,
    string Title,
    int Quantity,
    decimal Amount,
    decimal Prepaid,
    string Currency,
    OrderStatus Status,
    string? Reason,
    string? Destination,
    DateOnly? Date,
    string? Place,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt,
    IReadOnlyList<StatusView> History)
{
    /// <summary>The order as it is now.</summary>
    public static OrderView Of(Order order) => new(
        order.Id, order.CustomerId, order.OfferId, order.Kind!, order.Title!, order.Quantity, order.Amount, order.Prepaid, order.Currency!,
        order.Status, order.Reason, order.Destination, order.Date, order.Place, order.CreatedAt, order.UpdatedAt, order.History.ConvertAll(StatusView.Of));

    /// <summary>The order as it was when it was taken: the answer to its placing, however often that is repeated.</summary>
    public static OrderView AsPlaced(Order order)
    {
        var first = order.History[0];
        return Of(order) with { Status = first.Status, Reason = null, UpdatedAt = first.At, History = [StatusView.Of(first)] };
    }
}

/// <summary>Refuses what no offer could be ordered with.</summary>
internal sealed class PlaceOrderValidator : AbstractValidator<PlaceOrder>
{
    private const int MostUnits = 1000;

    public PlaceOrderValidator(IOptions<OrderingOptions> options)
    {
        RuleFor(order => order.OfferId).NotEmpty().WithMessage("Give the id of an offer: GET /api/offers lists them.");
        RuleFor(order => order.Quantity).NotNull().WithMessage($"Give a whole number from 1 to {MostUnits}.")
            .InclusiveBetween(1, MostUnits).WithMessage($"Must be a whole number from 1 to {MostUnits}.");
        RuleFor(order => order.Destination).MaximumLength(500).OneLine();
        RuleFor(order => order.Phone).Matches("^\\+?[0-9](?:[0-9 ().-]{4,28})[0-9]\\z")
            .WithMessage("Must be a phone number of 6 to 30 digits, spaces, dots, hyphens and brackets, such as 010-1234-5678 or +82 10 1234 5678.");
        RuleFor(order => order.Note).MaximumLength(1000).Lines();
        // Their currency is the offer's; an amount that has more decimals than that is another than the offer's.
        foreach (var expected in new Expression<Func<PlaceOrder, decimal?>>[] { order => order.ExpectedAmount, order => order.ExpectedPrepaid })
        {
            RuleFor(expected).AmountIn(_ => null)
                .Must(amount => amount is null || decimal.Round(amount.Value, 4) == amount).WithMessage("Must have at most 4 decimals.");
        }

        // As it is now: it may change while the service runs.
        RuleFor(order => order.PaymentMethod).Must(method => method is null || options.Value.PaymentMethods.Contains(method))
            .WithMessage(_ => options.Value.PaymentMethods.Count == 0 ? "This mall takes no payments yet: what is prepaid cannot be ordered." : $"Must be one of: {string.Join(", ", options.Value.PaymentMethods)}.");
    }
}

/// <summary>Source-generated JSON of this service's own API.</summary>
[JsonSourceGenerationOptions(System.Text.Json.JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(PlaceOrder))]
[JsonSerializable(typeof(OrderView))]
[JsonSerializable(typeof(List<HistoryEntry>))]
internal sealed partial class OrderingJson : JsonSerializerContext;
