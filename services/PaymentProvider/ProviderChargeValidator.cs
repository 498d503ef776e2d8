using FluentValidation;

namespace OrderMall.PaymentProvider;

/// <summary>Refuses charges of what is no amount.</summary>
internal sealed class ProviderChargeValidator : AbstractValidator<ProviderCharge>
{
    public ProviderChargeValidator()
    {
        RuleFor(charge => charge.Key).NotEmpty().WithMessage("Give an idempotency key: a UUID of your own.");
        RuleFor(charge => charge.Currency).CurrencyCode();
        RuleFor(charge => (decimal?)charge.Amount).GreaterThan(0).WithMessage("Must be more than 0.").AmountIn(charge => charge.Currency);
    }
}
