namespace OrderMall.Gateway;

/// <summary>The public gateway: signs people in, limits what one may ask, and forwards the API to the services.</summary>
public sealed class GatewayService : IMallService
{
    /// <inheritdoc/>
    public static string AppId => AppIds.Gateway;

    /// <inheritdoc/>
    public static bool IsPublic => true;

    /// <inheritdoc/>
    public static void Configure(WebApplicationBuilder builder)
    {
        var inside = InternalAddress.AddIfSet(builder);
        if (inside is not null)
            builder.Services.AddSingleton(inside);
        ConnectionLimits.Add(builder, new("Gateway:MaxConnections", "Gateway:MaxConnectionsPerAddress", "Gateway:Proxies"), inside is null ? null : inside.Is);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MaxRequestBodySize = BodySize.LargestRead;
            kestrel.Limits.MaxRequestBufferSize = 128 * 1024;
        });
        Origins.Add(builder);
        builder.AddDatabase<GatewayDb>();
        builder.Services.AddSingleton(new Retention("session", "id", "expires_at") { Life = TimeSpan.Zero });
        ProtectionKeys.Add(builder);
        AccountServices.Add(builder.Services);
        DemoAccounts.Add(builder.Services);
        builder.Services.AddScoped<Grants>();
        builder.Services.AddSingleton<PermissionsJob>();
        builder.Services.AddHostedService(services => services.GetRequiredService<PermissionsJob>());
        FirstOperator.Add(builder.Services);
        RateLimits.Add(builder);
        builder.Services.AddSingleton<IStartupFilter, ConnectionDraining>();
        builder.AddJson(GatewayJson.Default, ContractsJson.Default);
        builder.AddValidators<GatewayService>();
        builder.Services.AddSingleton<Forwarder>();
        builder.Services.AddSingleton<Admission>();
        builder.Services.AddSingleton<EventStreams>();
        builder.Services.AddSingleton<OpenApiApi>();
    }

    /// <inheritdoc/>
    public static void UseMiddleware(WebApplication app)
    {
        ForwardedVisitors.Use(app);
        app.Services.GetService<InternalAddress>()?.Close(app);
        app.Services.GetRequiredService<DemoAccounts>().Use(app);
        app.Services.GetRequiredService<PermissionsJob>().Use(app);
        SecurityHeaders.Use(app);
        Origins.Use(app);
        RateLimits.Use(app);
        CanonicalPath.Use(app);
        BodySize.Use(app);
    }

    /// <inheritdoc/>
    public static void Map(WebApplication app)
    {
        Admission.Use(app);
        // For who opens the API's address in a browser: people's pages are web's.
        app.MapGet("/", () => TypedResults.Text("The API of this mall is described at /openapi/v1.json.\n")).ExcludeFromDescription();
        OpenApiApi.Map(app);
        AccountsApi.Map(app);
        ApplicationsApi.Map(app);
        BusinessApi.Map(app);
        OperatorsApi.Map(app);
        Forwarder.Map(app);
    }
}
