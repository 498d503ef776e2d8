using System.Globalization;
using System.Security.Claims;
using Microsoft.AspNetCore.Authentication.BearerToken;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;

namespace OrderMall.Gateway.Accounts;

/// <summary>Signing in on ASP.NET Core's own Identity and its bearer tokens.</summary>
internal static class AccountServices
{
    private static readonly TimeSpan AccessTokenLife = TimeSpan.FromHours(1);
    private static readonly TimeSpan RefreshTokenLife = TimeSpan.FromDays(14);

    public static void Add(IServiceCollection services)
    {
        services.AddAuthentication(IdentityConstants.BearerScheme).AddBearerToken(IdentityConstants.BearerScheme);
        services.AddOptions<BearerTokenOptions>(IdentityConstants.BearerScheme).Configure<IConfiguration>((tokens, configuration) =>
        {
            tokens.BearerTokenExpiration = Life(configuration, "Account:AccessTokenLife", AccessTokenLife);
            tokens.RefreshTokenExpiration = Life(configuration, "Account:RefreshTokenLife", RefreshTokenLife);
        }).ValidateOnStart();
        services.AddSingleton<PasswordGuesses>();
        services.AddScoped<Sessions>();
        services
            .AddIdentityCore<MallUser>(identity =>
            {
                identity.User.RequireUniqueEmail = true;
                // The user name is the address, and that has its own rule.
                identity.User.AllowedUserNameCharacters = "";
                identity.Password.RequiredLength = 8;
                // Anybody could lock anybody out: wrong passwords are counted instead, see PasswordGuesses.
                identity.Lockout.AllowedForNewUsers = false;
            })
            .AddRoles<IdentityRole>()
            .AddEntityFrameworkStores<GatewayDb>()
            .AddSignInManager()
            .AddClaimsPrincipalFactory<MallPrincipal>();
    }

    private static TimeSpan Life(IConfiguration configuration, string key, TimeSpan otherwise) =>
        configuration[key] is not { Length: > 0 } text ? otherwise
        : TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out var life) && life > TimeSpan.Zero ? life
        : throw new InvalidOperationException($"{key} is '{text}': it must be a time such as 01:00:00, or 14.00:00:00 for days.");
}

/// <summary>What a token says of a person: who, in which roles, and until which change of the password it can be refreshed.</summary>
internal sealed class MallPrincipal(GatewayDb db, IOptions<IdentityOptions> options) : IUserClaimsPrincipalFactory<MallUser>
{
    public async Task<ClaimsPrincipal> CreateAsync(MallUser user)
    {
        var identity = new ClaimsIdentity(IdentityConstants.BearerScheme);
        identity.AddClaim(new Claim(ClaimTypes.NameIdentifier, user.Id));
        identity.AddClaim(new Claim(ClaimTypes.Name, user.Name));
        identity.AddClaim(new Claim(ClaimTypes.Email, user.Email!));
        identity.AddClaim(new Claim(options.Value.ClaimsIdentity.SecurityStampClaimType, user.SecurityStamp!));
        (await db.PermissionsAsync(user.Id, CancellationToken.None)).Write(identity);
        return new ClaimsPrincipal(identity);
    }
}
