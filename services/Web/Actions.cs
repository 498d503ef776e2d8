using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Authentication;
using OrderMall.Web.Api;

namespace OrderMall.Web;

/// <summary>
/// What one button does. Each is one call of the API that is safe to repeat, and leads back to the page it was on, which then says what became of it.
/// </summary>
internal static class Actions
{
    private const string Prefix = "/actions";

    private static readonly Dictionary<string, (HttpMethod Method, string Path)> All = new()
    {
        ["cancel"] = (HttpMethod.Post, "orders/{id}/cancellation"),
        ["confirm"] = (HttpMethod.Post, "store/orders/{id}/confirmation"),
        ["refuse"] = (HttpMethod.Post, "store/orders/{id}/rejection"),
        ["complete"] = (HttpMethod.Post, "store/orders/{id}/completion"),
        ["complete-visit"] = (HttpMethod.Post, "assignments/{id}/completion"),
        ["depart"] = (HttpMethod.Post, "deliveries/{id}/departure"),
        ["arrive"] = (HttpMethod.Post, "deliveries/{id}/arrival"),
        ["withdraw"] = (HttpMethod.Delete, "titles/{id}"),
        ["off-sale"] = (HttpMethod.Delete, "offers/{id}"),
        ["approve"] = (HttpMethod.Post, "reviews/{id}/approval"),
        ["reject"] = (HttpMethod.Post, "reviews/{id}/rejection"),
        ["stop"] = (HttpMethod.Post, "ops/services/{id}/stop"),
        ["start"] = (HttpMethod.Post, "ops/services/{id}/start"),
        ["restart"] = (HttpMethod.Post, "ops/services/{id}/restart"),
        ["provider"] = (HttpMethod.Put, "ops/payment-provider"),
        ["replay-all"] = (HttpMethod.Post, "ops/dead-letters/{id}/replay"),
        ["replay"] = (HttpMethod.Post, "ops/dead-letters/{service}/{id}/replay"),
        ["discard"] = (HttpMethod.Delete, "ops/dead-letters/{service}/{id}"),
        ["roles"] = (HttpMethod.Put, "ops/accounts/{id}/roles"),
        ["grant"] = (HttpMethod.Post, "ops/applications/{id}/approval"),
        ["deny"] = (HttpMethod.Post, "ops/applications/{id}/rejection"),
        ["take-back"] = (HttpMethod.Delete, "account/applications/{id}"),
        ["new-code"] = (HttpMethod.Post, "notifications/address/code"),
    };

    /// <summary>What there is to do.</summary>
    public static IEnumerable<string> Names => All.Keys;

    public static void Map(WebApplication app)
    {
        // A form of a page from before signing in or out, or from elsewhere: nothing is done, and the page is shown anew.
        app.Use((context, next) =>
        {
            if (context.Features.Get<IAntiforgeryValidationFeature>() is not { IsValid: false })
                return next(context);
            var path = context.Request.Path;
            context.Response.Redirect($"{(path.StartsWithSegments(Prefix) ? "/" : path.ToUriComponent())}?failed=stale");
            return Task.CompletedTask;
        });
        app.MapPost($"{Prefix}/sign-out", SignOutAsync).WithMetadata(new RequireAntiforgeryTokenAttribute());
        app.MapPost($"{Prefix}/{{name}}/{{id?}}", ActAsync).WithMetadata(new RequireAntiforgeryTokenAttribute());
    }

    private static async Task<IResult> ActAsync(string name, string? id, HttpContext context, MallApi api)
    {
        if (!All.TryGetValue(name, out var action))
            return TypedResults.NotFound();
        var form = context.Request.Form;
        var (method, path) = action;
        path = path.Replace("{id}", Uri.EscapeDataString(id ?? ""), StringComparison.Ordinal).Replace("{service}", Uri.EscapeDataString(form["service"].ToString()), StringComparison.Ordinal);
        var answer = await api.SendAsync<Nothing>(method, path, BodyOf(name, form));
        var back = Back.WithoutOutcome(form["back"]);
        if (answer.IsSignedOut)
            return TypedResults.LocalRedirect($"/sign-in?said=session-over&back={Uri.EscapeDataString(back)}");
        // 202: taken, and carried out as soon as whoever has to is back.
        var outcome = answer switch
        {
            { Problem: { } problem } => $"failed={Uri.EscapeDataString(problem.Type)}",
            { Status: StatusCodes.Status202Accepted } => $"done={name}-later",
            _ => $"done={name}",
        };
        return TypedResults.LocalRedirect($"{back}{(back.Contains('?', StringComparison.Ordinal) ? '&' : '?')}{outcome}");
    }

    private static JsonObject? BodyOf(string name, IFormCollection form)
    {
        var body = new JsonObject();
        if (name == "roles")
        {
            body["roles"] = new JsonArray([.. form["roles"].Select(role => (JsonNode?)role)]);
            body["from"] = new JsonArray([.. form["from"].Select(role => (JsonNode?)role)]);
        }

        foreach (var field in new[] { "reason", "mode" })
        {
            if (form[field].ToString() is { Length: > 0 } value)
                body[field] = value;
        }

        return body.Count == 0 ? null : body;
    }

    private static async Task<IResult> SignOutAsync(HttpContext context, MallApi api)
    {
        // The cookie goes in any case; a session that could not be ended ends by itself.
        await api.SendAsync<Nothing>(HttpMethod.Post, "account/logout");
        await context.SignOutAsync();
        return TypedResults.LocalRedirect("/?done=sign-out");
    }
}
