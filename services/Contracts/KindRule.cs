using FluentValidation;

namespace OrderMall.Contracts;

/// <summary>What may be the kind of an offer: a label for people and filters.</summary>
public static class KindRule
{
    /// <summary>Adds the rule.</summary>
    public static IRuleBuilderOptions<T, string?> Kind<T>(this IRuleBuilder<T, string?> rule) => rule
        .NotEmpty().Matches("^[a-z0-9-]{1,40}\\z").WithMessage("Must be a label of at most 40 lower-case letters, digits and hyphens, such as book.");
}
