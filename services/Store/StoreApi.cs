using System.Security.Claims;
using System.Text.Json.Serialization;

namespace OrderMall.Store;

/// <summary>An order as its merchant sees it: all that the work needs.</summary>
/// <param name="Phone">How to reach the customer; <see langword="null"/> where it was not given, once the order is over, and for operators.</param>
/// <param name="Amount">What it costs, in <paramref name="Currency"/>.</param>
/// <param name="Prepaid">What of that was paid through the mall.</param>
/// <param name="History">The statuses it had in the book, oldest first.</param>
internal sealed record StoreOrderView(
    Guid OrderId,
    Guid OfferId,
    string Title,
    int Quantity,
    string CustomerId,
    string? CustomerName,
    string? Phone,
    string? Destination,
    string? Note,
    string? Place,
    decimal? Amount,
    decimal? Prepaid,
    string? Currency,
    StoreStatus Status,
    string? Reason,
    DateOnly? Date,
    DateTimeOffset ReceivedAt,
    IReadOnlyList<StoreStatusView> History)
{
    public static StoreOrderView Of(StoreOrder order, ClaimsPrincipal user) => new(
        order.OrderId, order.OfferId, order.Title, order.Quantity, order.CustomerId, order.CustomerName, user.IsOnBehalfOf(order.MerchantId) ? null : order.Phone, order.Destination, order.Note,
        order.Place, order.Amount, order.Prepaid, order.Currency, order.Status, order.Reason, order.Date, order.ReceivedAt!.Value, order.History);
}

/// <summary>A decision on an order.</summary>
internal readonly record struct Deciding(Guid OrderId, ClaimsPrincipal User, StoreDb Db, TimeProvider Time, ILogger<StoreOrder> Logger);

/// <summary>The order book of merchants, and of publishers, who sell the titles that were approved; and of operators, on their behalf.</summary>
internal static partial class StoreApi
{
    public static void Map(WebApplication app)
    {
        var orders = app.MapGroup("/api/store/orders").WithTags("Store").RequireRole(Roles.Merchant, Roles.Publisher, Roles.Operator);
        orders.MapGet("/", ListAsync)
            .WithName("ListStoreOrders").WithSummary("Your order book, newest first; of one status, or for one day. An operator sees that of any merchant by merchantId.");
        var order = orders.MapGroup("/{orderId:guid}").ProducesProblem(StatusCodes.Status409Conflict);
        order.MapGet("/", GetAsync)
            .WithName("GetStoreOrder").WithSummary("One order of your book, with its history in it.");
        order.MapPost("/confirmation", ConfirmAsync)
            .WithName("ConfirmStoreOrder").WithSummary("Stand by an order that waits for your confirmation.");
        order.MapPost("/rejection", RejectAsync).WithValidation<Rejection>()
            .WithName("RejectStoreOrder").WithSummary("Refuse an order; what the customer paid goes back. An operator may refuse a confirmed one, too.");
        order.MapPost("/completion", CompleteAsync)
            .WithName("CompleteStoreOrder").WithSummary("Say that it took place.");
    }

    private static async Task<Results<Ok<Page<StoreOrderView>>, ValidationProblem>> ListAsync(
        string? status,
        string? date,
        string? merchantId,
        PageRequest page,
        ClaimsPrincipal user,
        StoreDb db,
        CancellationToken cancellationToken)
    {
        if (DayFilter.Read("date", date, out var day) is { } wrongDay)
            return wrongDay;
        if (StatusFilter.Read<StoreStatus>(status, out var wanted) is { } wrong)
            return wrong;
        if (OrdersOf.Read(merchantId, user, out var of) is { } notTheirs)
            return notTheirs;
        var orders = db.Orders.AsNoTracking().Where(order => order.MerchantId == of && order.ReceivedAt != null);
        if (wanted is not null)
            orders = orders.Where(order => order.Status == wanted);
        if (day is not null)
            orders = orders.Where(order => order.Date == day);
        if (page.After is { } after)
            orders = orders.Where(order => order.OrderId < after);
        var rows = await orders.OrderByDescending(order => order.OrderId).Take(page.Limit + 1).ToListAsync(cancellationToken);
        return TypedResults.Ok(page.ToPage(rows.ConvertAll(order => StoreOrderView.Of(order, user)), view => view.OrderId));
    }

    private static async Task<Results<Ok<StoreOrderView>, ProblemHttpResult>> GetAsync(
        Guid orderId, ClaimsPrincipal user, StoreDb db, CancellationToken cancellationToken) =>
        await db.Orders.FindAsync([orderId], cancellationToken) is { ReceivedAt: not null } order && user.MayDecideFor(order.MerchantId)
            ? TypedResults.Ok(StoreOrderView.Of(order, user))
            : Problems.NotFound("order");

    private static Task<Results<Ok<StoreOrderView>, ProblemHttpResult>> ConfirmAsync([AsParameters] Deciding deciding, CancellationToken cancellationToken) =>
        DecideAsync(deciding, order => order.Confirm(deciding.Time.Now()), StoreEvent.OrderConfirmed, cancellationToken);

    // A merchant stands by what is confirmed. Who decides for one that is not there any more may have to let the customer have the money back.
    private static Task<Results<Ok<StoreOrderView>, ProblemHttpResult>> RejectAsync([AsParameters] Deciding deciding, Rejection rejection, CancellationToken cancellationToken) =>
        DecideAsync(
            deciding,
            order => order.Reject(rejection.Reason!, deciding.Time.Now(), evenConfirmed: deciding.User.IsOnBehalfOf(order.MerchantId)),
            StoreEvent.OrderRejected,
            cancellationToken);

    private static Task<Results<Ok<StoreOrderView>, ProblemHttpResult>> CompleteAsync([AsParameters] Deciding deciding, CancellationToken cancellationToken) =>
        DecideAsync(deciding, order => order.Complete(deciding.Time.Now()), StoreEvent.OrderCompleted, cancellationToken);

    private static async Task<Results<Ok<StoreOrderView>, ProblemHttpResult>> DecideAsync(
        Deciding deciding, Func<StoreOrder, Decision> decide, string eventType, CancellationToken cancellationToken)
    {
        var (orderId, user, db, time, logger) = deciding;
        string? onBehalfOf = null;
        var answer = await db.DecideAsync<Results<Ok<StoreOrderView>, ProblemHttpResult>>(
            async () =>
            {
                var order = await db.Orders.FindAsync([orderId], cancellationToken);
                if (order is not { ReceivedAt: not null } || !user.MayDecideFor(order.MerchantId))
                    return Problems.NotFound("order");
                var decision = decide(order);
                if (decision.Refusal is { } why)
                    return Problems.Conflict("order-status", why);
                if (decision.Changed)
                    db.Publish(eventType, order, time.Now());
                onBehalfOf = decision.Changed && user.IsOnBehalfOf(order.MerchantId) ? order.MerchantId : null;

                return TypedResults.Ok(StoreOrderView.Of(order, user));
            },
            cancellationToken);
        if (onBehalfOf is not null)
            LogDecided(logger, user.Id(), eventType, orderId, onBehalfOf);
        return answer;
    }

    [LoggerMessage(LogLevel.Information, "Operator {Who} decides {What} of order {OrderId} on behalf of merchant {MerchantId}")]
    private static partial void LogDecided(ILogger logger, string who, string what, Guid orderId, string merchantId);
}

[JsonSourceGenerationOptions(System.Text.Json.JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(Page<StoreOrderView>))]
[JsonSerializable(typeof(List<StoreStatusView>))]
[JsonSerializable(typeof(SalesView))]
[JsonSerializable(typeof(Page<ReviewView>))]
[JsonSerializable(typeof(Rejection))]
internal sealed partial class StoreJson : JsonSerializerContext;
