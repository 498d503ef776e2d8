using FluentValidation;

namespace OrderMall.Gateway;

/// <summary>The public door: signs people in, limits what one may ask, and forwards the API to the services.</summary>
public sealed class GatewayService : IMallService
{
    /// <inheritdoc/>
    public static string AppId => AppIds.Gateway;

    /// <inheritdoc/>
    public static bool IsPublic => true;

    /// <inheritdoc/>
    public static void Configure(WebApplicationBuilder builder)
    {
        builder.WebHost.ConfigureKestrel(kestrel => ConnectionLimits.Set(kestrel, builder.Configuration));
        builder.AddDatabase<GatewayDb>();
        ProtectionKeys.Add(builder);
        Accounts.Add(builder.Services);
        DemoAccounts.AddIfWanted(builder);
        RateLimits.Add(builder);
        Leaving.Add(builder.Services);
        builder.AddJson(GatewayJson.Default, ContractsJson.Default);
        builder.Services.AddSingleton<IValidator<Registration>, RegistrationValidator>();
        builder.Services.AddSingleton<IValidator<Credentials>, CredentialsValidator>();
        builder.Services.AddSingleton<IValidator<RefreshToken>, RefreshTokenValidator>();
        builder.Services.AddSingleton<Forwarding>();
        builder.Services.AddSingleton<LikeRefusals>();
        builder.Services.AddSingleton<Admission>();
        builder.Services.AddSingleton<OpenApiApi>();
    }

    /// <inheritdoc/>
    public static void Map(WebApplication app)
    {
        app.UseRateLimiter();
        Admission.Use(app);
        FrontPage.Map(app);
        OpenApiApi.Map(app);
        AccountsApi.Map(app);
        Forwarding.Map(app);
    }
}
