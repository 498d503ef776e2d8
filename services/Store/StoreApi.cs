using System.Security.Claims;
using System.Text.Json.Serialization;

namespace OrderMall.Store;

/// <summary>An order as its merchant sees it: all that the work needs.</summary>
/// <param name="Phone">How to reach the customer; <see langword="null"/> where it was not given, and once the order is over.</param>
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
    public static StoreOrderView Of(StoreOrder order) => new(
        order.OrderId, order.OfferId, order.Title, order.Quantity, order.CustomerId, order.CustomerName, order.Phone, order.Destination, order.Note,
        order.Place, order.Amount, order.Prepaid, order.Currency, order.Status, order.Reason, order.Date, order.ReceivedAt!.Value, order.History);
}

/// <summary>The order book of merchants, and of publishers, who sell the titles that were approved.</summary>
internal static class StoreApi
{
    public static void Map(WebApplication app)
    {
        var orders = app.MapGroup("/api/store/orders").WithTags("Store").RequireRole(Roles.Merchant, Roles.Publisher);
        orders.MapGet("/", ListAsync)
            .WithName("ListStoreOrders").WithSummary("Your order book, newest first; of one status, or for one day.");
        var order = orders.MapGroup("/{orderId:guid}").ProducesProblem(StatusCodes.Status409Conflict);
        order.MapGet("/", GetAsync)
            .WithName("GetStoreOrder").WithSummary("One order of your book, with its history in it.");
        order.MapPost("/confirmation", ConfirmAsync)
            .WithName("ConfirmStoreOrder").WithSummary("Stand by an order that waits for your confirmation.");
        order.MapPost("/rejection", RejectAsync).WithValidation<Rejection>()
            .WithName("RejectStoreOrder").WithSummary("Refuse an order; what the customer paid goes back.");
        order.MapPost("/completion", CompleteAsync)
            .WithName("CompleteStoreOrder").WithSummary("Say that it took place.");
    }

    private static async Task<Results<Ok<Page<StoreOrderView>>, ValidationProblem>> ListAsync(
        string? status,
        string? date,
        PageRequest page,
        ClaimsPrincipal user,
        StoreDb db,
        CancellationToken cancellationToken)
    {
        if (DayFilter.Read("date", date, out var day) is { } wrongDay)
            return wrongDay;
        if (StatusFilter.Read<StoreStatus>(status, out var wanted) is { } wrong)
            return wrong;
        var merchantId = user.Id();
        var orders = db.Orders.AsNoTracking().Where(order => order.MerchantId == merchantId && order.ReceivedAt != null);
        if (wanted is not null)
            orders = orders.Where(order => order.Status == wanted);
        if (day is not null)
            orders = orders.Where(order => order.Date == day);
        if (page.After is { } after)
            orders = orders.Where(order => order.OrderId < after);
        var rows = await orders.OrderByDescending(order => order.OrderId).Take(page.Limit + 1).ToListAsync(cancellationToken);
        return TypedResults.Ok(page.ToPage(rows.ConvertAll(StoreOrderView.Of), view => view.OrderId));
    }

    private static async Task<Results<Ok<StoreOrderView>, ProblemHttpResult>> GetAsync(
        Guid orderId, ClaimsPrincipal user, StoreDb db, CancellationToken cancellationToken) =>
        await db.Orders.FindAsync([orderId], cancellationToken) is { ReceivedAt: not null } order && order.MerchantId == user.Id()
            ? TypedResults.Ok(StoreOrderView.Of(order))
            : Problems.NotFound("order");

    private static Task<Results<Ok<StoreOrderView>, ProblemHttpResult>> ConfirmAsync(
        Guid orderId, ClaimsPrincipal user, StoreDb db, TimeProvider time, CancellationToken cancellationToken) =>
        DecideAsync(orderId, user.Id(), order => order.Confirm(time.Now()), StoreEvent.OrderConfirmed, db, time, cancellationToken);

    private static Task<Results<Ok<StoreOrderView>, ProblemHttpResult>> RejectAsync(
        Guid orderId, Rejection rejection, ClaimsPrincipal user, StoreDb db, TimeProvider time, CancellationToken cancellationToken) =>
        DecideAsync(orderId, user.Id(), order => order.Reject(rejection.Reason!, time.Now()), StoreEvent.OrderRejected, db, time, cancellationToken);

    private static Task<Results<Ok<StoreOrderView>, ProblemHttpResult>> CompleteAsync(
        Guid orderId, ClaimsPrincipal user, StoreDb db, TimeProvider time, CancellationToken cancellationToken) =>
        DecideAsync(orderId, user.Id(), order => order.Complete(time.Now()), StoreEvent.OrderCompleted, db, time, cancellationToken);

    private static Task<Results<Ok<StoreOrderView>, ProblemHttpResult>> DecideAsync(
        Guid orderId,
        string merchantId,
        Func<StoreOrder, Decision> decide,
        string eventType,
        StoreDb db,
        TimeProvider time,
        CancellationToken cancellationToken) =>
        db.DecideAsync<Results<Ok<StoreOrderView>, ProblemHttpResult>>(
            async () =>
            {
                var order = await db.Orders.FindAsync([orderId], cancellationToken);
                if (order is not { ReceivedAt: not null } || order.MerchantId != merchantId)
                    return Problems.NotFound("order");
                var decision = decide(order);
                if (decision.Refusal is { } why)
                    return Problems.Conflict("order-status", why);
                if (decision.Changed)
                    db.Publish(eventType, order, time.Now());
                return TypedResults.Ok(StoreOrderView.Of(order));
            },
            cancellationToken);
}

[JsonSourceGenerationOptions(System.Text.Json.JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(Page<StoreOrderView>))]
[JsonSerializable(typeof(List<StoreStatusView>))]
[JsonSerializable(typeof(SalesView))]
[JsonSerializable(typeof(Page<ReviewView>))]
[JsonSerializable(typeof(Rejection))]
internal sealed partial class StoreJson : JsonSerializerContext;
