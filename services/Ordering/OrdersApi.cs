using System.Globalization;
using System.Security.Claims;
using System.Security.Cryptography;
using System.Text.Json;
using Npgsql;

namespace OrderMall.Ordering;

/// <summary>What customers do with orders.</summary>
internal static class OrdersApi
{
    // The saga goes on without the customer: a closed connection must not leave an order half done.
    private static readonly TimeSpan SagaTimeLimit = TimeSpan.FromSeconds(25);

    public static void Map(WebApplication app)
    {
        var orders = app.MapGroup("/api/orders").WithTags("Orders").RequireRole(Roles.Customer);
        orders.MapPost("/", PlaceAsync).WithName("PlaceOrder").WithSummary("Orders an offer.")
            .WithDescription("Send expectedAmount, the price that was shown times the quantity, and where there is a deposit expectedPrepaid, that times the quantity: where the merchant has changed them meanwhile the answer is 409 price-changed with the amounts now, and nothing is ordered or charged.")
            .WithValidation<PlaceOrder>()
            .Produces<OrderView>(StatusCodes.Status201Created)
            .Produces<OrderView>(StatusCodes.Status202Accepted)
            .ProducesProblem(StatusCodes.Status402PaymentRequired)
            .ProducesProblem(StatusCodes.Status404NotFound)
            .ProducesProblem(StatusCodes.Status409Conflict)
            .ProducesProblem(StatusCodes.Status422UnprocessableEntity)
            .ProducesProblem(StatusCodes.Status503ServiceUnavailable);
        orders.MapGet("/{id:guid}", GetAsync).WithName("GetOrder").WithSummary("One of the customer's own orders.");
        orders.MapPost("/{id:guid}/cancellation", CancelAsync).WithName("CancelOrder").WithSummary("Cancels an order that has not left yet.")
            .ProducesProblem(StatusCodes.Status409Conflict);
    }

    private static async Task<IResult> PlaceAsync(
        PlaceOrder request, IdempotencyKey key, Preferences preferences, ClaimsPrincipal user, OrderingDb db, Placing placing, CatalogClient catalog, PaymentCircuit paymentCircuit, TimeProvider time, HttpContext context)
    {
        using var limit = new CancellationTokenSource(SagaTimeLimit);
        var hash = Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(request, OrderingJson.Default.PlaceOrder)));
        if (key.Value is not null && await PlacedBeforeAsync(db, user.Id(), key, limit.Token) is { } before)
            return await AnswerAgainAsync(before);
        if (!preferences.RespondAsync && paymentCircuit.Refuses(request.OfferId!.Value))
        {
            ServiceClient.Trace(AppIds.Payment, "charges", ServiceClient.OpenCircuit);
            return Unavailable(context);
        }

        var order = Order.Begin(user.Id(), user.Name(), request, key.Value, hash, time.Now());
        if (await catalog.IsSoldOutAsync(order, limit.Token))
        {
            // Perhaps it was this very order that had the last ones, in the meantime.
            return key.Value is not null && await PlacedBeforeAsync(db, user.Id(), key, limit.Token) is { } meanwhile ? await AnswerAgainAsync(meanwhile) : SoldOut();
        }

        db.Begin(order);
        try
        {
            await db.SaveChangesAsync(limit.Token);
        }
        catch (DbUpdateException e) when (key.Value is not null && e.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation })
        {
            // The same key at the same moment: the other one places it.
            db.ChangeTracker.Clear();
            return await PlacedBeforeAsync(db, user.Id(), key, limit.Token) is { } other ? await AnswerAgainAsync(other) : CameToNothing();
        }

        return AnswerOf(await placing.PlaceAsync(order, preferences.RespondAsync, limit.Token), request, context);

        // The first request with this key may still be on its way; its answer is everybody's answer.
        async Task<IResult> AnswerAgainAsync((Guid Id, string RequestHash) first) => first.RequestHash != hash
            ? IdempotencyKey.Reused()
            : AnswerOf(await placing.AwaitAsync(first.Id, preferences.RespondAsync, limit.Token), request, context);
    }

    private static async Task<Results<Ok<OrderView>, ProblemHttpResult>> GetAsync(Guid id, ClaimsPrincipal user, OrderingDb db, CancellationToken cancellationToken) =>
        await OwnAsync(db, id, user, cancellationToken) is { } order
            ? TypedResults.Ok(OrderView.Of(order))
            : Problems.NotFound("order");

    private static async Task<Results<Ok<OrderView>, Accepted<OrderView>, ProblemHttpResult>> CancelAsync(
        Guid id, ClaimsPrincipal user, OrderingDb db, OrderSaga saga, TimeProvider time)
    {
        using var limit = new CancellationTokenSource(SagaTimeLimit);
        var begun = false;
        while (true)
        {
            if (await OwnAsync(db, id, user, limit.Token) is not { } order)
                return Problems.NotFound("order");
            try
            {
                if (order.BeginCancelling(OrderStatus.Cancelled, reason: null, time.Now()))
                {
                    await db.SaveAsync(order, limit.Token);
                    begun = true;
                }
                else if (!begun && order.AnnounceCancelling(time.Now()))
                {
                    // Who carries it out may find that it is too late: whoever is told 202 is told of that too.
                    await db.SaveAsync(order, limit.Token);
                }

                // Who began it has the lease, and goes on when its fulfilment went on in between.
                if (begun && order.Status == OrderStatus.Cancelling)
                    await saga.CancelAsync(order, limit.Token);
            }
            catch (DbUpdateConcurrencyException)
            {
                // Its fulfilment went on in this moment, or somebody else cancels too: see where it is now.
                db.ChangeTracker.Clear();
                continue;
            }

            return order.Status switch
            {
                OrderStatus.Cancelled => TypedResults.Ok(OrderView.Of(order)),
                OrderStatus.Cancelling => TypedResults.Accepted($"/api/orders/{id}", OrderView.Of(order)),
                OrderStatus.Rejected => Problems.Conflict("not-cancellable", $"The order was already rejected ({order.Reason})."),
                _ => Problems.Conflict("too-late-to-cancel", $"The order is {order.Status}: it cannot be stopped any more. It stays as it is."),
            };
        }
    }

    private static async Task<Order?> OwnAsync(OrderingDb db, Guid id, ClaimsPrincipal user, CancellationToken cancellationToken)
    {
        var customerId = user.Id();
        var order = await db.Orders.FirstOrDefaultAsync(order => order.Id == id && order.CustomerId == customerId, cancellationToken);
        return order is { IsPublic: true } ? order : null;
    }

    private static async Task<(Guid Id, string RequestHash)?> PlacedBeforeAsync(OrderingDb db, string customerId, IdempotencyKey key, CancellationToken cancellationToken) =>
        await db.Orders.AsNoTracking()
            .Where(order => order.CustomerId == customerId && order.IdempotencyKey == key.Value)
            .Select(order => new { order.Id, order.RequestHash })
            .FirstOrDefaultAsync(cancellationToken) is { } order ? (order.Id, order.RequestHash) : null;

    private static ProblemHttpResult CameToNothing() =>
        Problems.Of(StatusCodes.Status409Conflict, "in-progress", "The first request with this key came to nothing.", "It could not be placed as it was. Send it again to see why.");

    private static IResult RefusalOf(HoldAnswer answer, PlaceOrder request) => answer switch
    {
        { Outcome: HoldOutcome.UnknownOffer } => Problems.NotFound("offer"),
        { Outcome: HoldOutcome.DestinationRequired } => Problems.Invalid("destination", "This offer is delivered, or somebody comes: say where."),
        { Outcome: HoldOutcome.PhoneRequired } => Problems.Invalid("phone", "Somebody comes to you for this offer: give a phone number, such as 010-1234-5678. The seller sees it until the order is over, and nobody else."),
        { Outcome: HoldOutcome.PaymentMethodRequired } => Problems.Invalid("paymentMethod", "This offer is prepaid: say by what."),
        { Outcome: HoldOutcome.OtherDate } => Problems.Invalid("date", "This offer is for another day: leave the date out, or give the offer's own."),
        { Outcome: HoldOutcome.PastDate } => Problems.Invalid("date", "Is over everywhere on Earth: give a day to come."),
        { Outcome: HoldOutcome.AmountTooLarge } => Problems.Invalid("quantity", "So many of this offer cost more than one order may: order fewer."),
        { Outcome: HoldOutcome.Over } => Problems.Conflict("over", "The day of this offer is over everywhere on Earth. Nothing was charged. Choose an offer for a day to come."),
        { Outcome: HoldOutcome.NoAmount } => Problems.Conflict("no-amount", "The price of this offer is no amount of a currency in use: nobody can pay it. Tell its seller. Nothing was charged."),
        { Outcome: HoldOutcome.CustomerLimit, Left: var left } => Problems.Conflict(
            "customer-limit",
            left > 0 ? $"One customer may have only so many of this offer, and you may have {left} more. Nothing was charged. Order at most that many." : "One customer may have only so many of this offer, and you have them. Nothing was charged.",
            new Dictionary<string, object?> { ["left"] = left }),
        { Outcome: HoldOutcome.PriceChanged, Offer: { } now } => PriceChanged(now.Amount(request.Quantity!.Value), now.Prepaid(request.Quantity.Value), now.Currency),
        _ => throw new InvalidOperationException($"The catalog answered {answer.Outcome}."),
    };

    private static ProblemHttpResult PriceChanged(decimal amount, decimal prepaid, string currency) => Problems.Conflict(
        "price-changed",
        string.Create(CultureInfo.InvariantCulture, $"This order costs {amount} {currency} now, {prepaid} of it paid first, which is not what was expected. Nothing was held and nothing was charged. To order at this price send these as expectedAmount and expectedPrepaid."),
        new Dictionary<string, object?> { ["amount"] = amount, ["prepaid"] = prepaid, ["currency"] = currency });

    private static IResult AnswerOf((HoldAnswer? Refusal, Order? Order) placed, PlaceOrder request, HttpContext context)
    {
        if (placed.Refusal is { } refusal)
            return RefusalOf(refusal, request);
        if (placed.Order is not { } order)
            return CameToNothing();
        if (order.IsPublic)
        {
            var view = OrderView.AsPlaced(order);
            var location = $"/api/orders/{order.Id}";
            if (view.Status == OrderStatus.Accepted)
                return TypedResults.Created(location, view);
            context.Response.Headers["Preference-Applied"] = Preferences.RespondAsyncToken;
            return TypedResults.Accepted(location, view);
        }

        switch (order.Reason)
        {
            case OrderReasons.SoldOut:
                return SoldOut();
            case OrderReasons.TooManyUnpaid:
                return Problems.RetryLater(context, StatusCodes.Status503ServiceUnavailable, "too-many-unpaid", "Too much of this offer waits for payment.",
                    "The payment service does not answer, and as much of this offer as may be held unpaid is held already. Nothing was ordered and nothing is charged. Try again shortly.");
            case OrderReasons.Declined:
                return Problems.Of(StatusCodes.Status402PaymentRequired, "payment-declined", "The payment was declined.", "Nothing was charged. Use another payment method.");
            default:
                return Unavailable(context);
        }
    }

    private static ProblemHttpResult SoldOut() => Problems.Conflict("sold-out", "There is not enough left of this offer. Nothing was charged.");

    private static ProblemHttpResult Unavailable(HttpContext context) =>
        Problems.RetryLater(context, StatusCodes.Status503ServiceUnavailable, "unavailable", "Not available at the moment.",
            "The order could not be placed at the moment. Nothing was ordered and nothing is charged. Try again shortly; with 'Prefer: respond-async' the mall waits for the payment service for you.");
}
