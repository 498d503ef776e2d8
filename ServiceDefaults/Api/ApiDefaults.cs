using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using FluentValidation;
using Microsoft.AspNetCore.Authentication;

namespace OrderMall.ServiceDefaults.Api;

/// <summary>How every service reads, refuses and describes requests.</summary>
public static class ApiDefaults
{
    internal static void AddApiDefaults(this WebApplicationBuilder builder, bool isPublic)
    {
        var services = builder.Services;
        services.AddProblemDetails(options => options.CustomizeProblemDetails = context =>
        {
            context.ProblemDetails.Type = StableType(context.ProblemDetails.Type, context.HttpContext.Response.StatusCode);
            context.ProblemDetails.Detail ??= WhatToDo(context.HttpContext.Response.StatusCode);
        });
        services.AddExceptionHandler<MallExceptionHandler>();
        services.Configure<RouteHandlerOptions>(options => options.ThrowOnBadRequest = true);
        services.ConfigureHttpJsonOptions(options =>
        {
            options.SerializerOptions.TypeInfoResolverChain.Insert(0, ServiceDefaultsJson.Default);
            options.SerializerOptions.Converters.Add(new PlainDecimalConverter());
            options.SerializerOptions.Converters.Add(new StorableTextConverter(isVerbatim: isPublic));
            options.SerializerOptions.NumberHandling = System.Text.Json.Serialization.JsonNumberHandling.Strict;
        });
        // However many contexts the service has added by then.
        services.AddOptions<Microsoft.AspNetCore.Http.Json.JsonOptions>().PostConfigure<IServiceProviderIsService>((options, known) =>
        {
            var chain = options.SerializerOptions.TypeInfoResolverChain;
            for (var i = 0; i < chain.Count; i++)
                chain[i] = chain[i].WithAddedModifier(type => RequiredFields.Demand(type, known));
        });
        services.AddAuthentication(GatewayIdentity.Scheme)
            .AddScheme<AuthenticationSchemeOptions, GatewayIdentityHandler>(GatewayIdentity.Scheme, configureOptions: null);
        services.AddAuthorization();
        services.AddOpenApi(ApiDescription.Configure);
        ValidatorOptions.Global.PropertyNameResolver = (_, member, _) => member is null ? null : JsonNamingPolicy.CamelCase.ConvertName(member.Name);
        ValidatorOptions.Global.DisplayNameResolver = ValidatorOptions.Global.PropertyNameResolver;
    }

    /// <summary>Says how the service's own types are read and written, besides those that every service has.</summary>
    /// <param name="json">Source-generated; the first that knows a type counts.</param>
    public static void AddJson(this WebApplicationBuilder builder, params IJsonTypeInfoResolver[] json) =>
        builder.Services.ConfigureHttpJsonOptions(options =>
        {
            for (var i = 0; i < json.Length; i++)
                options.SerializerOptions.TypeInfoResolverChain.Insert(i, json[i]);
        });

    /// <summary>Adds every validator of the service's assembly, which are all that <see cref="WithValidation{T}"/> asks.</summary>
    public static void AddValidators<TService>(this WebApplicationBuilder builder)
        where TService : IMallService =>
        AssemblyScanner.FindValidatorsInAssembly(typeof(TService).Assembly, includeInternalTypes: true)
            .ForEach(found => builder.Services.AddSingleton(found.InterfaceType, found.ValidatorType));

    internal static void UseApiDefaults(this WebApplication app)
    {
        HeadAsGet.Use(app);
        app.UseExceptionHandler();
        app.UseStatusCodePages();
    }

    /// <summary>Refuses a request body that the service's validator for it does not accept, with 400 and the fields by name.</summary>
    public static RouteHandlerBuilder WithValidation<T>(this RouteHandlerBuilder endpoint) =>
        endpoint
            .AddEndpointFilter(async (context, next) =>
            {
                var body = context.Arguments.OfType<T>().First();
                await context.HttpContext.RequestServices.GetRequiredService<IValidator<T>>()
                    .ValidateAndThrowAsync(body, context.HttpContext.RequestAborted);
                return await next(context);
            })
            .ProducesValidationProblem();

    /// <summary>Lets only people with one of the roles in.</summary>
    public static TBuilder RequireRole<TBuilder>(this TBuilder endpoints, params string[] roles)
        where TBuilder : IEndpointConventionBuilder =>
        endpoints.RequireAuthorization(policy => policy.RequireRole(roles));

    private static string? WhatToDo(int status) => status switch
    {
        StatusCodes.Status401Unauthorized => "Sign in by POST /api/account/login, and send the accessToken as 'Authorization: Bearer ...'.",
        StatusCodes.Status403Forbidden => "Your account does not have the role that this takes.",
        StatusCodes.Status404NotFound => "There is nothing at this address. /openapi/v1.json lists what there is.",
        StatusCodes.Status405MethodNotAllowed => "This address is there, but not for this method. /openapi/v1.json lists what there is.",
        StatusCodes.Status415UnsupportedMediaType => "Send the body as JSON, with 'Content-Type: application/json'.",
        _ => null,
    };

    // The framework's own types are links into the RFC that differ by version: ours stay.
    private static string StableType(string? type, int status) => type switch
    {
        { } own when own.StartsWith(Problems.TypePrefix, StringComparison.Ordinal) => own,
        _ => Problems.TypePrefix + status switch
        {
            StatusCodes.Status401Unauthorized => "sign-in",
            StatusCodes.Status403Forbidden => "forbidden",
            StatusCodes.Status404NotFound => "not-found",
            StatusCodes.Status405MethodNotAllowed => "method-not-allowed",
            StatusCodes.Status413PayloadTooLarge => "too-large",
            StatusCodes.Status415UnsupportedMediaType => "not-json",
            StatusCodes.Status429TooManyRequests => "too-many-requests",
            >= 500 => "internal",
            _ => "bad-request",
        },
    };
}
