using System.Globalization;
using System.Security.Claims;
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
        PlaceOrder request, IdempotencyKey key, Preferences preferences, ClaimsPrincipal user, OrderingDb db, Placing placing, PaymentCircuit paymentCircuit, TimeProvider time, HttpContext context)
    {
        using var limit = new CancellationTokenSource(SagaTimeLimit);
        var hash = key.HashOf(request);
        if (key.Value is not null && await PlacedBeforeAsync(db, user.Id(), key, limit.Token) is { } before)
            return await AnswerAgainAsync(before);
        if (!preferences.RespondAsync && paymentCircuit.RefusesFor(request.OfferId!.Value) is { Ticks: > 0 } moment)
        {
            ServiceClient.Trace(AppIds.Payment, "charges", ServiceClient.OpenCircuit);
            context.Response.Headers[Problems.RefusedForHeader] = ((int)moment.TotalMilliseconds).ToString(CultureInfo.InvariantCulture);
            return Unavailable(context);
        }

        var order = Order.Begin(user.Id(), request, key.Value, hash, time.Now());
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

        return AnswerOf(await placing.PlaceAsync(order, preferences.RespondAsync, limit.Token), context);

        // The first request with this key may still be on its way; its answer is everybody's answer.
        async Task<IResult> AnswerAgainAsync((Guid Id, string RequestHash) first) => first.RequestHash != hash
            ? Problems.Of(StatusCodes.Status422UnprocessableEntity, "idempotency-key-reused", "Another order was placed with this key.", "Idempotency-Key was used before with a different body. Use a new key for a new order.")
            : AnswerOf(await placing.AwaitAsync(first.Id, preferences.RespondAsync, limit.Token), context);
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

    private static IResult? RefusalOf(HoldOutcome outcome) => outcome switch
    {
        HoldOutcome.UnknownOffer => Problems.NotFound("offer"),
        HoldOutcome.DestinationRequired => Problems.Invalid("destination", "This offer is delivered, or somebody comes: say where."),
        HoldOutcome.PaymentMethodRequired => Problems.Invalid("paymentMethod", "This offer is prepaid: say by what."),
        HoldOutcome.OtherDate => Problems.Invalid("date", "This offer is for another day: leave the date out, or give the offer's own."),
        HoldOutcome.AmountTooLarge => Problems.Invalid("quantity", "So many of this offer cost more than one order may: order fewer."),
        _ => null,
    };

    private static IResult AnswerOf((HoldOutcome Refusal, Order? Order) placed, HttpContext context)
    {
        if (RefusalOf(placed.Refusal) is { } refusal)
            return refusal;
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
                return Problems.Conflict("sold-out", "There is not enough left of this offer. Nothing was charged.");
            case OrderReasons.Declined:
                return Problems.Of(StatusCodes.Status402PaymentRequired, "payment-declined", "The payment was declined.", "Nothing was charged. Use another payment method.");
            default:
                return Unavailable(context);
        }
    }

    private static ProblemHttpResult Unavailable(HttpContext context) =>
        Problems.RetryLater(context, StatusCodes.Status503ServiceUnavailable, "unavailable", "Not available at the moment.",
            "The order could not be placed at the moment. Nothing was ordered and nothing is charged. Try again shortly; with 'Prefer: respond-async' the mall waits for the payment service for you.");
}
