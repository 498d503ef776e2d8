using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;

namespace OrderMall.Gateway.Limits;

/// <summary>
/// Sheds load: refuses at the gateway what the mall cannot do at the moment, so that it goes on doing what it can. Each kind of request has a
/// budget of its own, and reads and changes one for each service: neither a burst of one kind nor a service that hangs starves the others.
/// </summary>
internal sealed partial class Admission(IConfiguration configuration, TimeProvider time, IMeterFactory meters, Refusals refusals, ILogger<Admission> logger) : IDisposable
{
    // A body that has arrived cannot keep a place by arriving slowly. Hardly any is larger.
    private const int SmallBody = 32 * 1024;

    private volatile BudgetSizes _sizes = BudgetSizes.Of(configuration);
    private IDisposable? _changes;
    private readonly ConcurrentDictionary<(RequestKind Kind, string Service), Budget> _budgets = new();
    private readonly Counter<long> _refused = meters.Create("OrderMall").CreateCounter<long>(
        "ordermall.gateway.refused", "{request}", "Requests refused by the gateway because too many of their kind were in flight.");

    // What hashes passwords or makes tokens. What else is asked of accounts is read or changed as anything is.
    private static readonly HashSet<PathString> SignIns = ["/register", "/login", "/refresh", "/logout", "/password"];

    private readonly ThrottledLog _log = new(time);

    /// <summary>Puts it into the pipeline.</summary>
    public static void Use(WebApplication app)
    {
        var admission = app.Services.GetRequiredService<Admission>();
        admission._changes = ChangeToken.OnChange(app.Configuration.GetReloadToken, admission.Resize);
        app.Use(admission.PassAsync);
    }

    public void Dispose() => _changes?.Dispose();

    private void Resize()
    {
        try
        {
            _sizes = BudgetSizes.Of(configuration);
        }
        catch (InvalidOperationException refused)
        {
            LogSizesRefused(refused.Message);
            return;
        }

        foreach (var ((kind, _), budget) in _budgets)
            budget.Resize(_sizes[kind]);
    }

    private async Task PassAsync(HttpContext context, RequestDelegate next)
    {
        if (context.GetEndpoint() is null)
        {
            await next(context);
            return;
        }

        var kind = await IsLargeAsync(context) ? RequestKind.Uploads : KindOf(context);
        var budget = _budgets.GetOrAdd(
            (kind, kind is RequestKind.Reads or RequestKind.PublicReads or RequestKind.Changes ? ServiceOf(context.Request.Path) : ""),
            key => new Budget(_sizes[key.Kind], time));
        if (!await budget.EnterAsync(context.RequestAborted))
        {
            if (!context.RequestAborted.IsCancellationRequested)
                await RefuseAsync(context, kind, budget);
            return;
        }

        var place = new BudgetPlace(budget, time.GetTimestamp());
        context.Features.Set(place);
        var failed = true;
        try
        {
            await next(context);
            failed = context.Response.StatusCode >= StatusCodes.Status500InternalServerError;
        }
        catch (BadHttpRequestException)
        {
            failed = false;
            throw;
        }
        finally
        {
            place.Leave(failed && !context.RequestAborted.IsCancellationRequested);
        }
    }

    // Waits until all of a small body is here.
    private static async ValueTask<bool> IsLargeAsync(HttpContext context)
    {
        if (context.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody != true)
            return false;
        var body = context.Request.BodyReader;
        var read = await body.ReadAtLeastAsync(SmallBody + 1, context.RequestAborted);
        var isLarge = read.Buffer.Length > SmallBody;
        body.AdvanceTo(read.Buffer.Start);
        return isLarge;
    }

    private static RequestKind KindOf(HttpContext context)
    {
        var (method, path) = (context.Request.Method, context.Request.Path);
        if (path.StartsWithSegments("/api/ops"))
            return RequestKind.Operators;
        if (path.StartsWithSegments("/api/account", out var account) && SignIns.Contains(account))
            return RequestKind.SignIns;
        if (HttpMethods.IsGet(method) || HttpMethods.IsHead(method))
            return context.User.Identity?.IsAuthenticated == true ? RequestKind.Reads : RequestKind.PublicReads;
        return path.StartsWithSegments("/api/orders", out var rest) && !rest.HasValue ? RequestKind.Orders : RequestKind.Changes;
    }

    // Only paths that lead somewhere come here: there are few.
    private static string ServiceOf(PathString path) =>
        path.StartsWithSegments("/api", out var rest) && rest.Value is { Length: > 1 } service
            ? service[1..].Split('/')[0].ToLowerInvariant()
            : "";

    private async Task RefuseAsync(HttpContext context, RequestKind kind, Budget budget)
    {
        _refused.Add(1, new KeyValuePair<string, object?>("mall.request.kind", kind.ToString()));
        if (_log.Count() is { } count)
            LogRefused(kind, budget.Limit, count);

        await refusals.PaceAsync(context.RequestAborted);
        var wait = Math.Max(1, (int)Math.Ceiling(budget.ExpectedWait.TotalSeconds));
        await Problems.RetryLater(context, StatusCodes.Status503ServiceUnavailable, "overloaded", "Too much to do at the moment.",
            $"The mall has as many requests of this kind as it can do. Nothing was changed. Send this one again in {wait} s.", wait).ExecuteAsync(context);
    }

    [LoggerMessage(LogLevel.Error, "The configuration has changed and is refused, so that what it said before counts on: {Reason}")]
    private partial void LogSizesRefused(string reason);

    [LoggerMessage(LogLevel.Warning, "More {Kind} than the mall can do, {Limit} at once: {Count} requests were refused by the gateway since this was last logged")]
    private partial void LogRefused(RequestKind kind, int limit, long count);
}
