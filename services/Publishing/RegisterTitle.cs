using System.Text.Json.Serialization;
using FluentValidation;
using Microsoft.Extensions.Options;

namespace OrderMall.Publishing;

/// <summary>What a publisher sends to register a title.</summary>
/// <param name="Isbn">ISBN-10 or ISBN-13, with hyphens or without; left out where there is none.</param>
/// <param name="Copies">How many can be sold.</param>
internal sealed record RegisterTitle(string? Title, string? Author, string? Isbn, decimal? Price, int? Copies);

/// <summary>A registration as its publisher sees it.</summary>
internal sealed record TitleView(
    Guid Id,
    string Title,
    string Author,
    string? Isbn,
    decimal Price,
    string Currency,
    int Copies,
    TitleStatus Status,
    string? Reason,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt)
{
    public static TitleView Of(Registration registration) => new(
        registration.Id, registration.Title, registration.Author, registration.Isbn, registration.Price, registration.Currency,
        registration.Copies, registration.Status, registration.Reason, registration.CreatedAt, registration.UpdatedAt);
}

/// <summary>Refuses titles that could not be sold.</summary>
internal sealed class RegisterTitleValidator : AbstractValidator<RegisterTitle>
{
    // What the catalog allows of an offer.
    private const int MostCopies = 1_000_000;

    public RegisterTitleValidator(IOptions<PublishingOptions> options)
    {
        RuleFor(title => title.Title).NotEmpty().WithMessage("Say what it is called.").MaximumLength(200).OneLine();
        RuleFor(title => title.Author).NotEmpty().WithMessage("Say who wrote it.").MaximumLength(200).OneLine();
        RuleFor(title => title.Isbn).Must(isbn => isbn is null || Isbn.IsValid(isbn))
            .WithMessage("Must be an ISBN-10 or ISBN-13 with the right check digit, such as 978-0-306-40615-7, or left out.");
        RuleFor(title => title.Price).NotNull().WithMessage("Say what one copy costs.")
            .GreaterThan(0).WithMessage("Must be more than 0: a title is paid before it is sent.")
            .AmountIn(_ => options.Value.Currency);
        RuleFor(title => title.Copies).NotNull().WithMessage("Say how many copies can be sold.")
            .InclusiveBetween(1, MostCopies).WithMessage($"Must be a whole number from 1 to {MostCopies}.");
    }
}

/// <summary>Source-generated JSON of this service's own API.</summary>
[JsonSourceGenerationOptions(System.Text.Json.JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(RegisterTitle))]
[JsonSerializable(typeof(TitleView))]
internal sealed partial class PublishingJson : JsonSerializerContext;
