using System.Security.Claims;
using System.Text.Json.Serialization;
using FluentValidation;
using Microsoft.AspNetCore.Authentication.BearerToken;
using Microsoft.AspNetCore.Identity;
using Npgsql;

namespace OrderMall.Gateway.Accounts;

/// <summary>Registering, signing in and staying signed in.</summary>
internal static class AccountsApi
{
    private const int MostLanguages = 5;
    private static readonly MallUser Nobody = new() { Name = "" };
    private static readonly Lazy<string> HashOfNobody = new(() => new PasswordHasher<MallUser>().HashPassword(Nobody, Guid.NewGuid().ToString()));

    public static void Map(WebApplication app)
    {
        var account = app.MapGroup("/api/account").WithTags("Account");
        account.MapGet("/", (ClaimsPrincipal person) => TypedResults.Ok(new Account(
                person.Id(), person.FindFirstValue(ClaimTypes.Email)!, person.FindFirstValue(ClaimTypes.Name)!, [.. person.FindAll(ClaimTypes.Role).Select(role => role.Value)], Permissions.MembershipOf(person), Permissions.RoleInBusinessOf(person))))
            .WithName("GetOwnAccount").WithSummary("Whose the access token is, and what that person may be by now.")
            .RequireAuthorization();
        account.MapPost("/register", RegisterAsync).WithName("Register").WithSummary("Opens a customer's account.")
            .WithValidation<Registration>()
            .WithIdempotencyKey<GatewayDb, Registration>()
            .WithMetadata(SignInAttempt.Mark)
            .Produces<Account>(StatusCodes.Status201Created)
            .ProducesProblem(StatusCodes.Status409Conflict)
            .ProducesProblem(StatusCodes.Status429TooManyRequests);
        account.MapPost("/login", LoginAsync).WithName("Login").WithSummary("Signs in; send the access token as Authorization: Bearer.")
            .WithValidation<Credentials>()
            .WithMetadata(SignInAttempt.Mark)
            .Produces<AccessTokenResponse>()
            .ProducesProblem(StatusCodes.Status401Unauthorized)
            .ProducesProblem(StatusCodes.Status429TooManyRequests);
        account.MapPost("/refresh", RefreshAsync).WithName("Refresh").WithSummary("Gives new tokens for a refresh token, which works once: used again, it ends the session.")
            .WithValidation<RefreshToken>()
            .Produces<AccessTokenResponse>()
            .ProducesProblem(StatusCodes.Status401Unauthorized);
        account.MapPost("/logout", LogoutAsync).WithName("Logout").WithSummary("Signs out, with everywhere: true wherever the account is signed in: the refresh tokens work no more, the access tokens until they expire.")
            .ProducesValidationProblem()
            .RequireAuthorization();
        account.MapPost("/password", ChangePasswordAsync).WithName("ChangePassword").WithSummary("Changes the password and signs out everywhere.")
            .RequireAuthorization()
            .WithValidation<NewPassword>()
            .WithMetadata(SignInAttempt.Mark)
            .ProducesProblem(StatusCodes.Status401Unauthorized)
            .ProducesProblem(StatusCodes.Status429TooManyRequests);
    }

    private static async Task<IResult> RegisterAsync(
        Registration registration, IdempotencyKey key, [AsParameters] Opening opening, UserManager<MallUser> users, GatewayDb db, TimeProvider time, HttpContext context)
    {
        using var turn = await opening.Passwords.WaitAsync(context.RequestAborted);
        if (!turn.IsAcquired)
            return RateLimits.TooMany(context, turn);

        var user = new MallUser { UserName = registration.Email, Email = registration.Email, Name = registration.Name };
        // Saved together with the account: nobody is left without a role.
        db.Open(user, Roles.Customer, time.Now(), LanguagesOf(context.Request));
        var roles = await opening.FirstOperator.AppointAsync(user, db, opening.Grants, users.KeyNormalizer, context.RequestAborted);
        var answer = key.Created(db, null, new Account(user.Id, registration.Email, user.Name, roles), time.Now());
        try
        {
            var created = await users.CreateAsync(user, registration.Password);
            if (!created.Succeeded)
                return Refusal(created.Errors);
            if (roles.Contains(Roles.Operator))
                opening.FirstOperator.Appointed(user);
            return answer;
        }
        catch (DbUpdateException e) when (e.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation } && !IdempotencyKey.IsTaken(e))
        {
            // Somebody registered the same address at the same moment.
            return EmailTaken();
        }
    }

    // Takes as long, and is refused as soon, where there is no such account: neither tells whether there is.
    private static async Task<IResult> LoginAsync(
        Credentials credentials, SignInManager<MallUser> signIn, Sessions sessions, DemoAccounts demo, PasswordChecks passwords, PasswordGuesses guesses, HttpContext context)
    {
        var user = await signIn.UserManager.FindByEmailAsync(credentials.Email);
        if (user is not null && demo.IsLocked(user.Id))
            user = null;
        if (await CheckAsync(user, credentials.Email, credentials.Password, signIn, passwords, guesses, context) is { } refusal)
            return refusal;
        var person = await signIn.CreateUserPrincipalAsync(user!);
        await sessions.BeginAsync(person, user!.Id, context.RequestAborted);
        return TypedResults.SignIn(person, authenticationScheme: IdentityConstants.BearerScheme);
    }

    /// <returns><see langword="null"/> where it is the person's password.</returns>
    private static async Task<IResult?> CheckAsync(
        MallUser? user, string email, string password, SignInManager<MallUser> signIn, PasswordChecks passwords, PasswordGuesses guesses, HttpContext context)
    {
        var (account, address) = (signIn.UserManager.NormalizeEmail(email), RequestRate.AddressOf(context));
        using var turn = await passwords.WaitAsync(context.RequestAborted);
        if (!turn.IsAcquired)
            return RateLimits.TooMany(context, turn);
        if (guesses.Take(account, address) is var wait && wait > TimeSpan.Zero)
            return RateLimits.TooMany(context, wait);
        var isRight = user is null
            ? PasswordOfNobody(signIn.UserManager, password)
            : (await signIn.CheckPasswordSignInAsync(user, password, lockoutOnFailure: false)).Succeeded;
        if (!isRight)
            return WrongCredentials();
        guesses.WasRight(account, address);
        return null;
    }

    private static async Task<IResult> RefreshAsync(RefreshToken refresh, SignInManager<MallUser> signIn, Sessions sessions, DemoAccounts demo, CancellationToken cancellationToken)
    {
        if (sessions.Read(refresh.Value) is { } session
            && await signIn.ValidateSecurityStampAsync(session.Person) is { } user && !demo.IsLocked(user.Id))
        {
            // As the person is now: a role that was taken away ends here.
            var person = await signIn.CreateUserPrincipalAsync(user);
            // Last: a refresh that failed before can be tried again with the same token.
            if (await sessions.UseAsync(session, person, cancellationToken))
                return TypedResults.SignIn(person, authenticationScheme: IdentityConstants.BearerScheme);
        }

        return Problems.Of(StatusCodes.Status401Unauthorized, "sign-in", "Sign in.", "The refresh token is not valid or not valid any more: sign in with POST /api/account/login.");
    }

    private static async Task<NoContent> LogoutAsync(Logout? logout, ClaimsPrincipal person, Sessions sessions, CancellationToken cancellationToken)
    {
        if (logout is { Everywhere: true })
            await sessions.EndAllAsync([person.Id()], cancellationToken);
        else
            await sessions.EndAsync(person, cancellationToken);
        return TypedResults.NoContent();
    }

    private static async Task<IResult> ChangePasswordAsync(
        NewPassword change, SignInManager<MallUser> signIn, Sessions sessions, PasswordChecks passwords, PasswordGuesses guesses, HttpContext context)
    {
        if (await signIn.UserManager.FindByIdAsync(context.User.Id()) is not { } user)
            return WrongCredentials();
        if (await CheckAsync(user, user.Email!, change.Current, signIn, passwords, guesses, context) is { } refusal)
            return refusal;
        // A new security stamp comes with it: even a refresh that is under way is of no use afterwards.
        var changed = await signIn.UserManager.ChangePasswordAsync(user, change.Current, change.New);
        if (!changed.Succeeded)
            return Refusal(changed.Errors, "new");
        await sessions.EndAllAsync([user.Id], context.RequestAborted);
        return TypedResults.NoContent();
    }

    // What the person's browser is set to, until they choose: what is asked for most comes first. A region is nothing to messages.
    private static List<string>? LanguagesOf(HttpRequest request)
    {
        var languages = request.GetTypedHeaders().AcceptLanguage
            .Where(language => language.Quality != 0)
            .OrderByDescending(language => language.Quality ?? 1)
            .Select(language => language.Value.ToString().Split('-')[0].ToLowerInvariant())
            .Where(language => language.Length == 2)
            .Distinct().Take(MostLanguages).ToList();
        return languages.Count == 0 ? null : languages;
    }

    private static bool PasswordOfNobody(UserManager<MallUser> users, string password)
    {
        users.PasswordHasher.VerifyHashedPassword(Nobody, HashOfNobody.Value, password);
        return false;
    }

    private static IResult Refusal(IEnumerable<IdentityError> errors, string passwordField = "password")
    {
        var fields = errors
            .GroupBy(error => error.Code.StartsWith("Password", StringComparison.Ordinal) ? passwordField
                : error.Code.StartsWith("Duplicate", StringComparison.Ordinal) ? ""
                : "email")
            .ToDictionary(field => field.Key, field => field.Select(error => error.Description).ToArray());
        // A wrong password has to be mended in any case: only an address that is all that is wrong is a conflict.
        return fields.Remove("") && fields.Count == 0 ? EmailTaken() : Problems.Invalid(fields);
    }

    private static ProblemHttpResult EmailTaken() =>
        Problems.Of(StatusCodes.Status409Conflict, "email-taken", "The address has an account.", "There is an account with this email address. Sign in, or register another address.");

    private static ProblemHttpResult WrongCredentials() =>
        Problems.Of(StatusCodes.Status401Unauthorized, "sign-in", "Not signed in.", "The email address or the password is wrong.");
}

/// <summary>What opening an account takes.</summary>
internal sealed record Opening(PasswordChecks Passwords, FirstOperator FirstOperator, Grants Grants);

/// <summary>Asks for an account.</summary>
/// <param name="Email">The address; also what the person signs in with.</param>
/// <param name="Password">At least 8 characters, with an upper and a lower case letter, a digit and another character.</param>
/// <param name="Name">What the person wants to be called.</param>
internal sealed record Registration(
    [property: JsonConverter(typeof(StorableTextConverter))] string Email, string Password, [property: JsonConverter(typeof(StorableTextConverter))] string Name);

/// <summary>An account.</summary>
/// <param name="Roles">What the person may be.</param>
/// <param name="BusinessId">The business that the person acts for, as offers and orders name their merchant; <see langword="null"/> where there is none.</param>
/// <param name="BusinessRole">What the person is there: <c>owner</c> or <c>staff</c>.</param>
internal sealed record Account(string Id, string Email, string Name, IReadOnlyList<string> Roles, string? BusinessId = null, string? BusinessRole = null);

/// <summary>Signs in.</summary>
internal sealed record Credentials([property: JsonConverter(typeof(StorableTextConverter))] string Email, string Password);

/// <summary>Asks for new tokens.</summary>
/// <param name="Value">As login or the last refresh gave it.</param>
internal sealed record RefreshToken([property: JsonPropertyName("refreshToken")] string Value);

/// <summary>Signs out.</summary>
/// <param name="Everywhere">Whether every session of the account ends, and not only this one.</param>
internal sealed record Logout(bool Everywhere = false);

/// <summary>Changes the password.</summary>
/// <param name="Current">The one until now.</param>
/// <param name="New">As for an account's first.</param>
internal sealed record NewPassword(string Current, string New);

internal sealed class RegistrationValidator : AbstractValidator<Registration>
{
    internal const int LongestEmail = 254;
    internal const int LongestPassword = 128;
    private const int LongestName = 100;

    public RegistrationValidator()
    {
        RuleFor(registration => registration.Email).Cascade(CascadeMode.Stop).NotEmpty().MaximumLength(LongestEmail).EmailAddress()
            .Must(email => !email.Any(c => char.IsControl(c) || char.IsWhiteSpace(c))).WithMessage("Must be an email address such as you@example.com.");
        RuleFor(registration => registration.Password).Cascade(CascadeMode.Stop).NotEmpty().MaximumLength(LongestPassword);
        RuleFor(registration => registration.Name).Cascade(CascadeMode.Stop).NotEmpty().MaximumLength(LongestName).OneLine();
    }
}

internal sealed class CredentialsValidator : AbstractValidator<Credentials>
{
    public CredentialsValidator()
    {
        RuleFor(credentials => credentials.Email).Cascade(CascadeMode.Stop).NotEmpty().MaximumLength(RegistrationValidator.LongestEmail)
            .Must(email => !email.Contains('\0')).WithMessage("Must be an email address.");
        RuleFor(credentials => credentials.Password).Cascade(CascadeMode.Stop).NotEmpty().MaximumLength(RegistrationValidator.LongestPassword);
    }
}

internal sealed class RefreshTokenValidator : AbstractValidator<RefreshToken>
{
    public RefreshTokenValidator() => RuleFor(refresh => refresh.Value).NotEmpty().OverridePropertyName("refreshToken");
}

internal sealed class NewPasswordValidator : AbstractValidator<NewPassword>
{
    public NewPasswordValidator()
    {
        RuleFor(change => change.Current).Cascade(CascadeMode.Stop).NotEmpty().MaximumLength(RegistrationValidator.LongestPassword);
        RuleFor(change => change.New).Cascade(CascadeMode.Stop).NotEmpty().MaximumLength(RegistrationValidator.LongestPassword);
    }
}
