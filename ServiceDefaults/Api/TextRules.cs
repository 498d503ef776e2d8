using FluentValidation;

namespace OrderMall.ServiceDefaults.Api;

/// <summary>What texts that people write must be like, whichever service they write them to.</summary>
public static class TextRules
{
    /// <summary>What is shown in one line, such as a name or a title: no line breaks or other control characters.</summary>
    /// <typeparam name="T">What is validated.</typeparam>
    /// <returns>The rule, to go on.</returns>
    public static IRuleBuilderOptions<T, string?> OneLine<T>(this IRuleBuilder<T, string?> rule) => rule
        .Must(text => text is null || !text.Any(char.IsControl)).WithMessage("Must not contain line breaks or other control characters.");

    /// <summary>The kind of an offer.</summary>
    /// <typeparam name="T">What is validated.</typeparam>
    /// <returns>The rule, to go on.</returns>
    public static IRuleBuilderOptions<T, string?> Kind<T>(this IRuleBuilder<T, string?> rule) => rule
        .NotEmpty().Matches("^[a-z0-9-]{1,40}\\z").WithMessage("Must be a label of at most 40 lower-case letters, digits and hyphens, such as book.");
}
