using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.Extensions.DependencyInjection.Extensions;
using OrderMall.Web.Api;
using OrderMall.Web.Session;

namespace OrderMall.Web;

/// <summary>The mall as people use it: pages rendered here, made of what the public API says, which is asked as anybody would.</summary>
public sealed class WebService : IMallService
{
    // A form's fields, and nothing that is uploaded.
    private const int LargestBody = 64 * 1024;

    /// <inheritdoc/>
    public static string AppId => AppIds.Web;

    /// <inheritdoc/>
    public static bool IsPublic => true;

    /// <inheritdoc/>
    public static void Configure(WebApplicationBuilder builder)
    {
        var services = builder.Services;
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Limits.MaxRequestBodySize = LargestBody);
        ConnectionLimits.Add(builder, new("Web:MaxConnections", "Web:MaxConnectionsPerAddress", "Web:Proxies"));
        // Whoever looks at a page is told in a page what went wrong, not as a program is.
        services.RemoveAll<IExceptionHandler>();
        services.AddRazorComponents();
        services.AddHttpContextAccessor();
        services.AddLocalization();
        services.AddSingleton<OwnFiles>();
        services.AddSingleton<IStartupFilter>(all => all.GetRequiredService<OwnFiles>());
        services.AddSingleton<RequestRate>();
        services.AddSingleton<MallDay>();
        services.AddSingleton(new PaymentMethods(
            builder.Configuration.GetSection("Ordering:PaymentMethods").Get<string[]>() is { Length: > 0 } methods ? methods : Demo.PaymentMethods, Demo.IsOn(builder)));
        services.AddScoped<MallClient>();
        services.AddScoped<Drafts>();
        ProtectionKeys.Add(builder);
        services.AddSingleton<Refreshes>();
        services.AddAuthentication(CookieAuthenticationDefaults.AuthenticationScheme).AddCookie(SessionCookie.Configure);
        services.AddAntiforgery(forgery =>
        {
            forgery.Cookie.Name = "mall-form";
            forgery.Cookie.SecurePolicy = CookieSecurePolicy.SameAsRequest;
            forgery.FormFieldName = "form-token";
            // Pages say themselves that they are in nobody's frame.
            forgery.SuppressXFrameOptionsHeader = true;
        });
        services.Configure<RequestLocalizationOptions>(Languages.Configure);
    }

    /// <inheritdoc/>
    public static void UseMiddleware(WebApplication app)
    {
        PageHeaders.Use(app);
        app.UseRequestLocalization();
        PageRate.Use(app);
        // Who asks for a page is answered by a page; who sends something that nothing takes is no browser.
        app.UseStatusCodePagesWithReExecute("/not-found", createScopeForStatusCodePages: true);
        app.Use((context, next) =>
        {
            context.Features.Get<IStatusCodePagesFeature>()!.Enabled = HttpMethods.IsGet(context.Request.Method);
            return next(context);
        });
        app.UseExceptionHandler(new ExceptionHandlerOptions { ExceptionHandlingPath = "/sorry", CreateScopeForErrors = true });
    }

    /// <inheritdoc/>
    public static void Map(WebApplication app)
    {
        app.UseAntiforgery();
        Languages.Map(app);
        Actions.Map(app);
        EventStream.Map(app);
        app.MapRazorComponents<App>();
    }
}
