using FluentValidation;

namespace OrderMall.Store;

/// <summary>What came of a decision on an order or a review.</summary>
/// <param name="Changed">Whether it is now another than before.</param>
/// <param name="Refusal">Why it was not possible; <see langword="null"/> when it was, or already was so.</param>
internal readonly record struct Decision(bool Changed, string? Refusal)
{
    public static readonly Decision Made = new(true, null);
    public static readonly Decision AlreadyMade = new(false, null);

    public static Decision Refused(string why) => new(false, why);
}

/// <summary>Why an order or a title is refused.</summary>
internal sealed record Rejection(string? Reason);

internal sealed class RejectionValidator : AbstractValidator<Rejection>
{
    public RejectionValidator() =>
        RuleFor(rejection => rejection.Reason)
            .NotEmpty().WithMessage("Say why: the customer or publisher is told.")
            .MaximumLength(500).OneLine();
}
