using Npgsql;

namespace OrderMall.Catalog;

/// <summary>Holds capacity for orders. Invoked by ordering; released by <see cref="CatalogEvents"/>, when an order comes to nothing.</summary>
internal static class HoldCalls
{
    public static void Map(WebApplication app)
    {
        app.MapPost("/holds", HoldAsync).ExcludeFromDescription();
        app.MapPost("/holds/look", LookAsync).ExcludeFromDescription();
    }

    // For who was refused just now: nothing is written for an order that could only be refused again.
    private static async Task<Ok<HoldAnswer>> LookAsync(HoldRequest request, CatalogDb db, TimeProvider time, CancellationToken cancellationToken) =>
        await db.Offers.AsNoTracking().FirstOrDefaultAsync(offer => offer.Id == request.OfferId, cancellationToken) is { } offer
        && offer.OffSaleAt is null && offer.Available < request.Quantity && Refusal(request, offer, time.EarliestDay()) is null
            ? Answer(HoldOutcome.SoldOut)
            : Answer(HoldOutcome.Held);

    private static async Task<Ok<HoldAnswer>> HoldAsync(HoldRequest request, CatalogDb db, OfferCache cache, DemoRule demo, TimeProvider time, CancellationToken cancellationToken)
    {
        // Usually nobody has changed it since the last order for it: then one statement does. Refused is nobody for what was true a moment ago.
        if (cache.Find(request.OfferId) is { } known && Refusal(request, known, time.EarliestDay()) is null)
        {
            if (await TryAsync(known) is { } answer)
                return TypedResults.Ok(answer);
        }

        while (true)
        {
            var found = await (
                from offer in db.Offers.AsNoTracking()
                where offer.Id == request.OfferId
                select new { Offer = offer, Hold = db.Holds.FirstOrDefault(hold => hold.OrderId == request.OrderId) })
                .FirstOrDefaultAsync(cancellationToken);
            if (found is null || (found.Hold is null && (found.Offer.OffSaleAt is not null || !demo.Allows(found.Offer))))
            {
                cache.Forget(request.OfferId);
                return Answer(HoldOutcome.UnknownOffer);
            }

            if (found.Hold is { } before)
                return before.Quantity == 0 ? Answer(HoldOutcome.Released) : Answer(HoldOutcome.Held, Terms(found.Offer, before.Title, before.Price, before.Deposit, found.Offer.Available + before.Quantity));
            if (Refusal(request, found.Offer, time.EarliestDay()) is { } refusal)
                return Answer(refusal, refusal == HoldOutcome.PriceChanged ? Terms(found.Offer) : null);
            cache.Keep(found.Offer);
            if (await TryAsync(found.Offer) is { } answer)
                return TypedResults.Ok(answer);
        }

        async Task<HoldAnswer?> TryAsync(Offer offer)
        {
            try
            {
                return await TakeAsync(db, request, offer, time.Now(), cancellationToken) is [var left]
                    ? new HoldAnswer(HoldOutcome.Held, Terms(offer) with { Left = left })
                    : await WhyNotAsync(db, request, offer, cancellationToken);
            }
            catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UniqueViolation)
            {
                // The same order or the same customer at the same moment, or the order's release came first: see which.
                return null;
            }
        }
    }

    // One statement: the hold exists if and only if the capacity was taken, on the terms that were read. What the customer holds is counted as
    // the statement began; of two at the same moment one fails, since both would have the same number. It says how many were left before.
    private static Task<List<int?>> TakeAsync(CatalogDb db, HoldRequest request, Offer offer, DateTimeOffset now, CancellationToken cancellationToken) =>
        db.RowsAsync(
            $"""
             WITH taken AS (
                 UPDATE offer SET available = available - {request.Quantity}
                 WHERE id = {offer.Id} AND version = {offer.Version} AND (available IS NULL OR available >= {request.Quantity})
                   AND (max_per_customer IS NULL OR max_per_customer >= {request.Quantity} + (
                       SELECT coalesce(sum(quantity), 0) FROM hold WHERE offer_id = {offer.Id} AND customer_id = {request.CustomerId}))
                   AND NOT EXISTS (SELECT FROM hold WHERE order_id = {request.OrderId})
                 RETURNING id, title, price, deposit, max_per_customer, available),
             held AS (INSERT INTO hold (order_id, offer_id, customer_id, customer_number, quantity, title, price, deposit, held_at)
             SELECT {request.OrderId}, id, {request.CustomerId},
                    CASE WHEN max_per_customer IS NOT NULL THEN (
                        SELECT coalesce(max(customer_number), 0) + 1 FROM hold WHERE offer_id = {offer.Id} AND customer_id = {request.CustomerId}) END,
                    {request.Quantity}, title, price, deposit, {now} FROM taken)
             SELECT available + {request.Quantity} FROM taken
             """,
            row => row.IsDBNull(0) ? (int?)null : row.GetInt32(0),
            cancellationToken);

    // What could not be taken may be there by now, or have been taken by an earlier try of this very order: then there is no reason.
    private static async Task<HoldAnswer?> WhyNotAsync(CatalogDb db, HoldRequest request, Offer tried, CancellationToken cancellationToken)
    {
        var now = await db.Offers.AsNoTracking().Where(offer => offer.Id == tried.Id)
            .Select(offer => new
            {
                offer.Version,
                offer.Available,
                OfCustomer = offer.MaxPerCustomer == null ? 0 : db.Holds.Where(hold => hold.OfferId == offer.Id && hold.CustomerId == request.CustomerId).Sum(hold => hold.Quantity),
                IsHeld = db.Holds.Any(own => own.OrderId == request.OrderId),
            })
            .FirstAsync(cancellationToken);
        if (now.IsHeld || now.Version != tried.Version)
            return null;
        if (tried.MaxPerCustomer is { } most && most - now.OfCustomer < request.Quantity)
            return new HoldAnswer(HoldOutcome.CustomerLimit, null, Math.Max(0, most - now.OfCustomer));
        return now.Available < request.Quantity ? new HoldAnswer(HoldOutcome.SoldOut, null) : null;
    }

    private static HoldOutcome? Refusal(HoldRequest request, Offer offer, DateOnly earliest) => offer switch
    {
        { Date: { } day } when day < earliest => HoldOutcome.Over,
        { Date: null } when request.Date < earliest => HoldOutcome.PastDate,
        _ when request.Date is { } date && offer.Date is { } day && date != day => HoldOutcome.OtherDate,
        { Fulfilment: Fulfilment.Delivery or Fulfilment.Assignment } when string.IsNullOrWhiteSpace(request.Destination) => HoldOutcome.DestinationRequired,
        { Fulfilment: Fulfilment.Assignment } when request.HasPhone == false => HoldOutcome.PhoneRequired,
        { Prepayment: not Prepayment.None } when !request.CanPay => HoldOutcome.PaymentMethodRequired,
        // Offers of the time before this was looked at.
        _ when Currency.DecimalsOf(offer.Currency) is null || Currency.Refusal(offer.Price, offer.Currency) is not null => HoldOutcome.NoAmount,
        _ when !IsExpected(request, Terms(offer)) => HoldOutcome.PriceChanged,
        _ when Terms(offer).Amount(request.Quantity) > Currency.HighestAmount => HoldOutcome.AmountTooLarge,
        _ => null,
    };

    // As far as the customer said what they expect.
    private static bool IsExpected(HoldRequest request, HeldOffer now) =>
        request.ExpectedAmount.GetValueOrDefault(now.Amount(request.Quantity)) == now.Amount(request.Quantity)
        && request.ExpectedPrepaid.GetValueOrDefault(now.Prepaid(request.Quantity)) == now.Prepaid(request.Quantity);

    private static HeldOffer Terms(Offer offer) => Terms(offer, offer.Title, offer.Price, offer.Deposit);

    private static HeldOffer Terms(Offer offer, string title, decimal price, decimal? deposit, int? left = null) => new(
        offer.MerchantId, offer.Kind, title, price, deposit, offer.Currency, offer.Prepayment, offer.Fulfilment, offer.Date, offer.Place, left);

    private static Ok<HoldAnswer> Answer(HoldOutcome outcome, HeldOffer? offer = null) => TypedResults.Ok(new HoldAnswer(outcome, offer));
}
