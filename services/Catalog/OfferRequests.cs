using System.Text.Json.Serialization;
using FluentValidation;

namespace OrderMall.Catalog;

/// <summary>What a merchant sends to put something on sale.</summary>
/// <param name="Overbook">Whether more visits may be sold for the day than there are workers for.</param>
internal sealed record RegisterOffer(
    string? Kind,
    string? Title,
    decimal? Price,
    decimal? Deposit,
    string? Currency,
    Prepayment? Prepayment,
    Fulfilment? Fulfilment,
    int? Capacity,
    int? MaxPerCustomer,
    DateOnly? Date,
    string? Place,
    string? Details,
    // Left out where it is: requests of the time before it have the same hash as ever.
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] bool? Overbook = null);

/// <summary>
/// What a merchant may change: what is left out stays. Policies, currency and day are what orders were placed on; they stay. Of an approved
/// title only price and capacity may be another.
/// </summary>
/// <param name="Date">Only as it is: another day is another offer.</param>
/// <param name="Overbook">Whether the capacity may be more visits than there are workers for that day.</param>
internal sealed record ChangeOffer(
    string? Title, decimal? Price, decimal? Deposit, int? Capacity, int? MaxPerCustomer, DateOnly? Date, string? Place, string? Details, bool? Overbook = null);

/// <summary>An offer as people see it.</summary>
internal sealed record OfferView(
    Guid Id,
    string MerchantId,
    string Kind,
    string Title,
    decimal Price,
    decimal? Deposit,
    string Currency,
    Prepayment Prepayment,
    Fulfilment Fulfilment,
    int? Capacity,
    int? Available,
    int? MaxPerCustomer,
    DateOnly? Date,
    string? Place,
    string? Details)
{
    public static OfferView Of(Offer offer) => new(
        offer.Id, offer.MerchantId, offer.Kind, offer.Title, offer.Price, offer.Deposit, offer.Currency, offer.Prepayment,
        offer.Fulfilment, offer.Capacity, offer.Available, offer.MaxPerCustomer, offer.Date, offer.Place, offer.Details);
}

/// <summary>Limits of what an offer can be.</summary>
internal static class OfferLimits
{
    public const int LargestCapacity = 1_000_000;

    public static IRuleBuilderOptions<T, int?> Units<T>(this IRuleBuilder<T, int?> rule) => rule
        .InclusiveBetween(0, LargestCapacity).WithMessage($"Must be a whole number from 0 to {LargestCapacity}, or left out for no limit.");

    public static IRuleBuilderOptions<T, int?> PerCustomer<T>(this IRuleBuilder<T, int?> rule) => rule
        .InclusiveBetween(1, LargestCapacity).WithMessage($"Must be a whole number from 1 to {LargestCapacity}, or left out for no limit.");

    public static IRuleBuilderOptions<T, string?> Text<T>(this IRuleBuilder<T, string?> rule, int longest) => rule
        .Must(text => text is null || text.Length <= longest)
        .WithMessage($"Must be a text of at most {longest} characters.");
}

/// <summary>Refuses offers that cannot be sold.</summary>
internal sealed class RegisterOfferValidator : AbstractValidator<RegisterOffer>
{
    public RegisterOfferValidator(TimeProvider time)
    {
        RuleFor(offer => offer.Kind).Kind();
        RuleFor(offer => offer.Title).NotEmpty().WithMessage("Say what is sold.").Text(200).OneLine();
        RuleFor(offer => offer.Price).NotNull().WithMessage("Say what one unit costs; 0 is free.").AmountIn(offer => offer.Currency);
        RuleFor(offer => offer.Currency).CurrencyCode();
        RuleFor(offer => offer.Prepayment).NotNull().WithMessage("Must be one of: none, deposit, full.");
        RuleFor(offer => offer.Fulfilment).NotNull().WithMessage("Must be one of: none, confirmation, delivery, assignment.");
        RuleFor(offer => offer.Deposit).AmountIn(offer => offer.Currency)
            .Must((offer, deposit) => offer.Prepayment == Contracts.Prepayment.Deposit ? deposit > 0 && deposit <= offer.Price : deposit is null)
            .WithMessage("Must be more than 0 and at most the price where prepayment is deposit, and left out where it is not.");
        RuleFor(offer => offer.Price).GreaterThan(0).When(offer => offer.Prepayment == Contracts.Prepayment.Full)
            .WithMessage("Must be more than 0 where it is prepaid; for something free use prepayment none.");
        RuleFor(offer => offer.Capacity).Units();
        RuleFor(offer => offer.MaxPerCustomer).PerCustomer();
        RuleFor(offer => offer.Date).Must(date => date is null || date >= time.EarliestDay())
            .WithMessage("Is over everywhere on Earth: give a day to come, or leave it out.");
        RuleFor(offer => offer.Place).Text(200).OneLine();
        RuleFor(offer => offer.Details).Text(4000).Lines();
    }
}

/// <summary>Refuses changes that no offer could take.</summary>
internal sealed class ChangeOfferValidator : AbstractValidator<ChangeOffer>
{
    public ChangeOfferValidator()
    {
        RuleFor(change => change.Title).Text(200).OneLine().Must(title => title != "").WithMessage("May not be empty.");
        RuleFor(change => change.Capacity).Units();
        RuleFor(change => change.MaxPerCustomer).PerCustomer();
        RuleFor(change => change.Place).Text(200).OneLine();
        RuleFor(change => change.Details).Text(4000).Lines();
    }
}

/// <summary>Source-generated JSON of this service's own API.</summary>
[JsonSourceGenerationOptions(System.Text.Json.JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(RegisterOffer))]
[JsonSerializable(typeof(ChangeOffer))]
[JsonSerializable(typeof(OfferView))]
[JsonSerializable(typeof(Page<OfferView>))]
internal sealed partial class CatalogJson : JsonSerializerContext;
