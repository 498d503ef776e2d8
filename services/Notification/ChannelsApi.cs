using System.Security.Claims;
using FluentValidation;

namespace OrderMall.Notification;

/// <summary>How a person wants to be told besides in the app.</summary>
/// <param name="Push">Whether messages go to their phone and browser too.</param>
internal sealed record ChosenChannels(bool? Push);

/// <summary>How a person is told besides in the app.</summary>
/// <param name="Push">Whether messages go to their phone and browser too.</param>
/// <param name="OffersPush">Whether this mall has a provider that brings them there.</param>
internal sealed record Channels(bool Push, bool OffersPush);

internal sealed class ChosenChannelsValidator : AbstractValidator<ChosenChannels>
{
    public ChosenChannelsValidator() => RuleFor(chosen => chosen.Push).NotNull().WithMessage("Must be true or false.");
}

/// <summary>People choose how they are told. Emails they choose by confirming their address.</summary>
internal static class ChannelsApi
{
    public static void Map(WebApplication app)
    {
        var channels = app.MapGroup("/api/notifications/channels").WithTags("Notifications").RequireAuthorization();
        channels.MapGet("/", GetAsync)
            .WithName("GetChannels").WithSummary("How you are told besides in the app.");
        channels.MapPut("/", PutAsync).WithValidation<ChosenChannels>()
            .WithName("PutChannels").WithSummary("Choose whether your messages go to your phone and browser too, from now on.")
            .ProducesProblem(StatusCodes.Status409Conflict);
    }

    private static async Task<Ok<Channels>> GetAsync(ClaimsPrincipal user, NotificationDb db, IEnumerable<IMessageChannel> channels, CancellationToken cancellationToken)
    {
        var personId = user.Id();
        return TypedResults.Ok(new Channels(await db.PushChoices.AnyAsync(choice => choice.PersonId == personId, cancellationToken), HasPush(channels)));
    }

    private static async Task<Results<Ok<Channels>, ProblemHttpResult>> PutAsync(
        ChosenChannels chosen, ClaimsPrincipal user, NotificationDb db, IEnumerable<IMessageChannel> channels, CancellationToken cancellationToken)
    {
        var personId = user.Id();
        if (chosen.Push == false)
            await db.PushChoices.Where(choice => choice.PersonId == personId).ExecuteDeleteAsync(cancellationToken);
        else if (!HasPush(channels))
            return Problems.Conflict("no-push", "This mall sends no messages to phones and browsers.");
        else
            await db.Database.ExecuteSqlAsync($"INSERT INTO push_choice (person_id) VALUES ({personId}) ON CONFLICT DO NOTHING", cancellationToken);
        return TypedResults.Ok(new Channels(chosen.Push == true, HasPush(channels)));
    }

    private static bool HasPush(IEnumerable<IMessageChannel> channels) => channels.OfType<PushChannel>().Any();
}
