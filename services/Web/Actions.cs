using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Authentication;
using OrderMall.Web.Api;
using OrderMall.Web.Session;

namespace OrderMall.Web;

/// <summary>
/// What one button does. Each is one call of the API that is safe to repeat, and leads back to the page it was on, which then says what became of it.
/// </summary>
internal static class Actions
{
    /// <summary>What their addresses begin with.</summary>
    public const string Prefix = "/actions";

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
        ["republish"] = (HttpMethod.Post, "ops/orders/{id}/republish"),
        ["rebuild"] = (HttpMethod.Post, "ops/views/rebuild"),
        ["roles"] = (HttpMethod.Put, "ops/accounts/{id}/roles"),
        ["grant"] = (HttpMethod.Post, "ops/applications/{id}/approval"),
        ["deny"] = (HttpMethod.Post, "ops/applications/{id}/rejection"),
        ["take-back"] = (HttpMethod.Delete, "account/applications/{id}"),
        ["day-off"] = (HttpMethod.Put, "workers/{id}/days-off/{date}"),
        ["day-on"] = (HttpMethod.Delete, "workers/{id}/days-off/{date}"),
        ["member-role"] = (HttpMethod.Put, "account/business/members/{id}"),
        ["member-remove"] = (HttpMethod.Delete, "account/business/members/{id}"),
        ["leave"] = (HttpMethod.Delete, "account/business/members/{id}"),
        ["join"] = (HttpMethod.Post, "account/invitations/{id}/acceptance"),
        ["decline"] = (HttpMethod.Delete, "account/invitations/{id}"),
        ["new-code"] = (HttpMethod.Post, "notifications/address/code"),
        ["read"] = (HttpMethod.Put, "notifications/read"),
    };

    /// <summary>What there is to do.</summary>
    public static IEnumerable<string> Names => All.Keys;

    public static void Map(WebApplication app)
    {
        // A form of a page from before signing in or out, or from elsewhere: nothing is done, and the page is shown anew.
        app.Use(async (context, next) =>
        {
            if (context.Features.Get<IAntiforgeryValidationFeature>() is not { IsValid: false })
            {
                await next(context);
                return;
            }

            var form = await FormOfHereAsync(context);
            var isAction = context.Request.Path.StartsWithSegments(Prefix);
            var draft = isAction || form is null ? null : context.RequestServices.GetRequiredService<Drafts>().Keep(form);
            context.Response.Redirect(Back.With(
                isAction ? Back.WithoutOutcome(form?["back"]) : context.Request.Path.ToUriComponent(), $"failed=stale{(draft is null ? null : $"&draft={Uri.EscapeDataString(draft)}")}"));
        });
        app.MapPost($"{Prefix}/sign-out", SignOutAsync).WithMetadata(new RequireAntiforgeryTokenAttribute());
        app.MapPost($"{Prefix}/{{name}}/{{id?}}", ActAsync).WithMetadata(new RequireAntiforgeryTokenAttribute());
    }

    private static async Task<IResult> ActAsync(string name, string? id, HttpContext context, MallClient api)
    {
        if (!All.TryGetValue(name, out var action))
            return TypedResults.NotFound();
        var form = context.Request.Form;
        var (method, path) = action;
        path = path.Replace("{id}", Uri.EscapeDataString(id ?? ""), StringComparison.Ordinal);
        foreach (var part in new[] { "service", "date" })
            path = path.Replace($"{{{part}}}", Uri.EscapeDataString(form[part].ToString()), StringComparison.Ordinal);
        var answer = await SendAsync(api, name, method, path, BodyOf(name, form));
        // What somebody may do is another thing now, or was already when the page was made: the next one offers what it is.
        if (name is "join" or "leave" || answer.Status == StatusCodes.Status403Forbidden)
            await SessionCookie.LookAgainAsync(context);
        var back = Back.WithoutOutcome(form["back"]);
        if (answer.IsSignedOut)
            return TypedResults.LocalRedirect($"/sign-in?said=session-over&back={Uri.EscapeDataString(back)}");
        // 202: taken, and carried out as soon as whoever has to is back.
        var outcome = answer switch
        {
            { Problem: { } problem } => $"failed={Uri.EscapeDataString(problem.Type)}",
            { Value.Unreachable.Count: > 0 } => "failed=partly",
            { Status: StatusCodes.Status202Accepted } => $"done={name}-later",
            _ => $"done={name}",
        };
        return TypedResults.LocalRedirect(Back.With(back, outcome));
    }

    // Who asks several services is told of those that did not answer.
    private static async Task<Answer<Done>> SendAsync(MallClient api, string name, HttpMethod method, string path, JsonObject? body)
    {
        if (name is "republish" or "rebuild")
            return await api.SendAsync<Done>(method, path, body);
        var answer = await api.SendAsync<Nothing>(method, path, body);
        return new(answer.Status, null, answer.Problem);
    }

    private static JsonObject? BodyOf(string name, IFormCollection form)
    {
        var body = new JsonObject();
        if (name == "roles")
        {
            body["roles"] = new JsonArray([.. form["roles"].Select(role => (JsonNode?)role)]);
            body["from"] = new JsonArray([.. form["from"].Select(role => (JsonNode?)role)]);
        }

        foreach (var field in new[] { "reason", "mode", "role", "until" })
        {
            if (form[field].ToString() is { Length: > 0 } value)
                body[field] = value;
        }

        return body.Count == 0 ? null : body;
    }

    private static async Task<IResult> SignOutAsync(HttpContext context, MallClient api)
    {
        var everywhere = context.Request.Form["everywhere"].Count > 0;
        var answer = await api.SendAsync<Nothing>(HttpMethod.Post, "account/logout", everywhere ? new JsonObject { ["everywhere"] = true } : null);
        // Nobody is told that the others are signed out who are not.
        if (everywhere && answer.IsSignedOut)
            return TypedResults.LocalRedirect($"/sign-in?said=session-over&back={Uri.EscapeDataString("/my/settings")}");
        if (everywhere && answer.Problem is { } problem)
            return TypedResults.LocalRedirect($"/my/settings?failed={Uri.EscapeDataString(problem.Type)}");
        // The cookie goes in any case; a session that could not be ended ends by itself.
        await context.SignOutAsync();
        return TypedResults.LocalRedirect(everywhere ? "/?done=sign-out-everywhere" : "/?done=sign-out");
    }

    // Whoever's session has ended in the middle of a form does not lose it. What other sites send fills in nothing.
    private static async Task<IFormCollection?> FormOfHereAsync(HttpContext context)
    {
        if (context.Request.Headers["Sec-Fetch-Site"] != "same-origin")
            return null;
        // It is read to be shown again and for nothing else, which the framework would refuse.
        context.Features.Set<IAntiforgeryValidationFeature>(null);
        return context.Request.HasFormContentType ? await context.Request.ReadFormAsync(context.RequestAborted) : null;
    }
}
