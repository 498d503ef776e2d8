using Npgsql;

namespace OrderMall.Catalog;

/// <summary>Holds capacity for orders. Called by ordering.</summary>
internal static class HoldCalls
{
    public static void Map(WebApplication app) => app.MapPost("/holds", HoldAsync).ExcludeFromDescription();

    private static async Task<Ok<HoldAnswer>> HoldAsync(HoldRequest request, CatalogDb db, TimeProvider time, CancellationToken cancellationToken)
    {
        while (true)
        {
            var found = await (
                from offer in db.Offers.AsNoTracking()
                where offer.Id == request.OfferId
                select new { Offer = offer, Hold = db.Holds.FirstOrDefault(hold => hold.OrderId == request.OrderId) })
                .FirstOrDefaultAsync(cancellationToken);
            if (found is null)
                return Answer(HoldOutcome.UnknownOffer);
            if (found.Hold is { } before)
                return before.Quantity == 0 ? Answer(HoldOutcome.Released) : Answer(HoldOutcome.Held, Terms(found.Offer, before));
            if (Refusal(request, found.Offer) is { } refusal)
                return Answer(refusal);

            var hold = new Hold
            {
                OrderId = request.OrderId,
                OfferId = request.OfferId,
                Quantity = request.Quantity,
                Title = found.Offer.Title,
                Price = found.Offer.Price,
                Deposit = found.Offer.Deposit,
                HeldAt = time.Now(),
            };
            try
            {
                // An order whose merchant changed the price since it was read is held on the price that was read.
                if (await TakeAsync(db, hold, cancellationToken))
                    return Answer(HoldOutcome.Held, Terms(found.Offer, hold));
                // What is sold out may have been taken by an earlier try of this very order.
                if (!await db.Holds.AnyAsync(own => own.OrderId == request.OrderId, cancellationToken))
                    return Answer(HoldOutcome.SoldOut);
            }
            catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UniqueViolation)
            {
                // The same order at the same moment, or its release came first: see which.
            }
        }
    }

    // One statement: the hold exists if and only if the capacity was taken.
    private static async Task<bool> TakeAsync(CatalogDb db, Hold hold, CancellationToken cancellationToken) =>
        await db.Database.ExecuteSqlAsync(
            $"""
             WITH taken AS (
                 UPDATE offer SET available = available - {hold.Quantity}
                 WHERE id = {hold.OfferId} AND (available IS NULL OR available >= {hold.Quantity})
                 RETURNING id)
             INSERT INTO hold (order_id, offer_id, quantity, title, price, deposit, held_at)
             SELECT {hold.OrderId}, id, {hold.Quantity}, {hold.Title}, {hold.Price}, {hold.Deposit}, {hold.HeldAt} FROM taken
             """,
            cancellationToken) == 1;

    private static HoldOutcome? Refusal(HoldRequest request, Offer offer) => offer switch
    {
        _ when request.Date is { } date && offer.Date is { } day && date != day => HoldOutcome.OtherDate,
        { Fulfilment: Fulfilment.Delivery or Fulfilment.Assignment } when string.IsNullOrWhiteSpace(request.Destination) => HoldOutcome.DestinationRequired,
        { Prepayment: not Prepayment.None } when !request.CanPay => HoldOutcome.PaymentMethodRequired,
        _ when offer.Price * request.Quantity > OfferLimits.HighestPrice => HoldOutcome.AmountTooLarge,
        _ => null,
    };

    private static HeldOffer Terms(Offer offer, Hold hold) => new(
        offer.MerchantId, offer.Kind, hold.Title, hold.Price, hold.Deposit, offer.Currency, offer.Prepayment, offer.Fulfilment, offer.Date, offer.Place);

    private static Ok<HoldAnswer> Answer(HoldOutcome outcome, HeldOffer? offer = null) => TypedResults.Ok(new HoldAnswer(outcome, offer));
}
