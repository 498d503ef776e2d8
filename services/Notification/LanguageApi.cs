using System.Security.Claims;
using FluentValidation;

namespace OrderMall.Notification;

/// <summary>The language that a person reads.</summary>
/// <param name="Language">ISO 639-1.</param>
internal sealed record ChosenLanguage(string? Language);

internal sealed class ChosenLanguageValidator : AbstractValidator<ChosenLanguage>
{
    private static readonly string Wanted = $"Must be one of: {string.Join(", ", Texts.Languages)}.";

    public ChosenLanguageValidator() =>
        RuleFor(chosen => chosen.Language)
            .NotNull().WithMessage(Wanted)
            .Must(language => language is null || Texts.Languages.Contains(language)).WithMessage(Wanted);
}

/// <summary>People choose the language of their messages.</summary>
internal static class LanguageApi
{
    public static void Map(WebApplication app)
    {
        var language = app.MapGroup("/api/notifications/language").WithTags("Notifications").RequireAuthorization();
        language.MapGet("/", GetAsync)
            .WithName("GetLanguage").WithSummary("The language that your messages are in.");
        language.MapPut("/", PutAsync).WithValidation<ChosenLanguage>()
            .WithName("PutLanguage").WithSummary("Choose the language of your messages from now on.");
    }

    private static async Task<Ok<ChosenLanguage>> GetAsync(ClaimsPrincipal user, NotificationDb db, CancellationToken cancellationToken) =>
        TypedResults.Ok(new ChosenLanguage(await db.LanguageOfAsync(user.Id(), cancellationToken)));

    private static async Task<Ok<ChosenLanguage>> PutAsync(ChosenLanguage chosen, ClaimsPrincipal user, NotificationDb db, CancellationToken cancellationToken)
    {
        await db.Database.ExecuteSqlAsync(
            $"INSERT INTO reader (person_id, language) VALUES ({user.Id()}, {chosen.Language!}) ON CONFLICT (person_id) DO UPDATE SET language = excluded.language",
            cancellationToken);
        return TypedResults.Ok(chosen);
    }
}
