using System.Security.Claims;
using FluentValidation;

namespace OrderMall.Notification;

/// <summary>The address that a person is written to.</summary>
/// <param name="Email">The account's.</param>
/// <param name="Confirmed">Whether its reader wants emails; until then the mall sends none.</param>
internal sealed record Address(string Email, bool Confirmed);

/// <summary>Confirms an address.</summary>
/// <param name="Code">The eight digits that were sent there.</param>
internal sealed record Confirmation(string? Code);

internal sealed class ConfirmationValidator : AbstractValidator<Confirmation>
{
    public ConfirmationValidator() => RuleFor(confirmation => confirmation.Code).Matches("^[0-9]{8}$").NotNull().WithMessage("Must be the eight digits that were sent to your address.");
}

/// <summary>People say that the address they registered is theirs.</summary>
internal static class AddressApi
{
    public static void Map(WebApplication app)
    {
        var address = app.MapGroup("/api/notifications/address").WithTags("Notifications").RequireAuthorization();
        address.MapGet("/", GetAsync)
            .WithName("GetAddress").WithSummary("The address that you are written to, and whether you have confirmed it.");
        address.MapPost("/confirmation", ConfirmAsync).WithValidation<Confirmation>()
            .WithName("ConfirmAddress").WithSummary("Confirms your address by the code that was sent there. Until then the mall sends no other email.")
            .ProducesProblem(StatusCodes.Status409Conflict);
        address.MapPost("/code", SendCodeAsync)
            .WithName("SendAddressCode").WithSummary("Sends another code to your address, at most three an hour; the one before is good no more.")
            .ProducesProblem(StatusCodes.Status409Conflict);
    }

    private static async Task<Results<Ok<Address>, ProblemHttpResult>> GetAsync(ClaimsPrincipal user, NotificationDb db, CancellationToken cancellationToken) =>
        await AddressOfAsync(user, db, cancellationToken) is { } address ? TypedResults.Ok(address) : Problems.NotFound("address");

    private static async Task<Results<Ok<Address>, ProblemHttpResult>> ConfirmAsync(
        Confirmation confirmation, ClaimsPrincipal user, AddressBook addresses, NotificationDb db, CancellationToken cancellationToken) =>
        await addresses.ConfirmAsync(user.Id(), confirmation.Code!, cancellationToken)
            ? TypedResults.Ok((await AddressOfAsync(user, db, cancellationToken))!)
            : Problems.Conflict("wrong-code", "It is not the last code that was sent to your address, is older than a day, or was guessed at too often. Ask for another with POST /api/notifications/address/code.");

    private static async Task<Results<Accepted, ProblemHttpResult>> SendCodeAsync(ClaimsPrincipal user, AddressBook addresses, CancellationToken cancellationToken) =>
        await addresses.TrySendCodeAsync(user.Id(), cancellationToken)
            ? TypedResults.Accepted((string?)null)
            : Problems.Conflict("no-code", addresses.SendsEmails
                ? "No code was sent: your address is confirmed, three were sent in the last hour, or the mall has sent as many as it may. Look for those, or try again later."
                : "No code was sent: this mall sends no emails.");

    private static async Task<Address?> AddressOfAsync(ClaimsPrincipal user, NotificationDb db, CancellationToken cancellationToken)
    {
        var personId = user.Id();
        return await db.People.AsNoTracking().Where(person => person.PersonId == personId)
            .Select(person => new Address(person.Email, person.ConfirmedAt != null)).FirstOrDefaultAsync(cancellationToken);
    }
}
