using System.Security.Claims;

namespace OrderMall.Catalog;

/// <summary>What is on sale.</summary>
internal static class OffersApi
{
    private const int LongestQuery = 100;

    public static void Map(WebApplication app)
    {
        var offers = app.MapGroup("/api/offers").WithTags("Offers");
        offers.MapGet("/", ListAsync).WithName("ListOffers").WithSummary("What is on sale and not over; by kind, or with a text in the title.");
        offers.MapGet("/{id:guid}", GetAsync).WithName("GetOffer").WithSummary("One offer.");
        offers.MapPost("/", RegisterAsync).WithName("RegisterOffer").WithSummary("Puts something on sale.")
            .RequireRole(Roles.Merchant).WithValidation<RegisterOffer>().WithIdempotencyKey<CatalogDb, RegisterOffer>();
        offers.MapPatch("/{id:guid}", ChangeAsync).WithName("ChangeOffer").WithSummary("Changes one of the seller's own offers.")
            .RequireRole(Roles.Merchant, Roles.Publisher).WithValidation<ChangeOffer>().ProducesProblem(StatusCodes.Status409Conflict);
    }

    private static async Task<Results<Ok<Page<OfferView>>, ValidationProblem>> ListAsync(
        PageRequest page, [FromKeyedServices(DatabaseSetup.PublicReads)] CatalogDb db, DemoRule demo, TimeProvider time, CancellationToken cancellationToken, string? kind = null, string? q = null)
    {
        (kind, q) = (TextRules.Clean(kind), TextRules.Clean(q));
        foreach (var (name, text) in new[] { ("kind", kind), ("q", q) })
        {
            if (text?.Length > LongestQuery || text?.Contains('\0') == true)
                return Problems.Invalid(name, $"Must be at most {LongestQuery} characters, none of them NUL.");
        }

        var rows = await Listed(demo.OnSale(string.IsNullOrEmpty(q) ? db.Offers : db.WithTitle(q)), kind, page, time.EarliestDay()).ToListAsync(cancellationToken);
        return TypedResults.Ok(page.ToPage(rows.ConvertAll(OfferView.Of), offer => offer.Id));
    }

    /// <summary>A page of offers that are not over, with one more.</summary>
    internal static IQueryable<Offer> Listed(IQueryable<Offer> offers, string? kind, PageRequest page, DateOnly earliest)
    {
        offers = offers.AsNoTracking().Where(offer => !offer.IsOver && (offer.Date == null || offer.Date >= earliest));
        if (!string.IsNullOrEmpty(kind))
            offers = offers.Where(offer => offer.Kind == kind);
        if (page.After is { } after)
            offers = offers.Where(offer => offer.Id > after);
        return offers.OrderBy(offer => offer.Id).Take(page.Limit + 1);
    }

    private static async Task<Results<Ok<OfferView>, ProblemHttpResult>> GetAsync(
        Guid id, [FromKeyedServices(DatabaseSetup.PublicReads)] CatalogDb db, CancellationToken cancellationToken) =>
        await db.Offers.AsNoTracking().FirstOrDefaultAsync(offer => offer.Id == id, cancellationToken) is { } offer
            ? TypedResults.Ok(OfferView.Of(offer))
            : Problems.NotFound("offer");

    private static async Task<Created<OfferView>> RegisterAsync(
        RegisterOffer request, IdempotencyKey key, ClaimsPrincipal user, CatalogDb db, TimeProvider time, CancellationToken cancellationToken)
    {
        var now = time.Now();
        var offer = new Offer
        {
            Id = Guid.CreateVersion7(now),
            MerchantId = user.Id(),
            Kind = request.Kind!,
            Title = request.Title!,
            Price = request.Price!.Value,
            Deposit = request.Deposit,
            Currency = request.Currency!,
            Prepayment = request.Prepayment!.Value,
            Fulfilment = request.Fulfilment!.Value,
            Capacity = request.Capacity,
            Available = request.Capacity,
            MaxPerCustomer = request.MaxPerCustomer,
            Date = request.Date,
            Place = request.Place,
            Details = request.Details,
            CreatedAt = now,
            UpdatedAt = now,
        };
        db.PutOnSale(offer);
        var answer = key.Created(db, $"/api/offers/{offer.Id}", OfferView.Of(offer), now);
        await db.SaveChangesAsync(cancellationToken);
        return answer;
    }

    private static async Task<Results<Ok<OfferView>, ValidationProblem, ProblemHttpResult>> ChangeAsync(
        Guid id, ChangeOffer change, ClaimsPrincipal user, CatalogDb db, TimeProvider time, CancellationToken cancellationToken)
    {
        // Locked: holds change the same row.
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var offer = await db.Offers.FromSql($"SELECT * FROM offer WHERE id = {id} FOR UPDATE").SingleOrDefaultAsync(cancellationToken);
        if (offer is null || offer.MerchantId != user.Id())
            return Problems.NotFound("offer");

        if (WhatStays(offer, change, user) is { Count: > 0 } staying)
            return Problems.Invalid(staying);
        foreach (var (name, amount) in new[] { ("price", change.Price), ("deposit", change.Deposit) })
        {
            if (Currency.Refusal(amount, offer.Currency) is { } wrong)
                return Problems.Invalid(name, wrong);
        }

        var price = change.Price ?? offer.Price;
        var deposit = change.Deposit ?? offer.Deposit;
        if (offer.Prepayment == Prepayment.Deposit ? deposit is null or <= 0 || deposit > price : change.Deposit is not null)
            return Problems.Invalid("deposit", "Must be more than 0 and at most the price where prepayment is deposit, and left out where it is not.");
        if (offer.Prepayment == Prepayment.Full && price == 0)
            return Problems.Invalid("price", "Must be more than 0: the offer is prepaid.");
        if (change.Capacity is { } capacity)
        {
            var held = await db.Holds.Where(hold => hold.OfferId == id).SumAsync(hold => hold.Quantity, cancellationToken);
            if (capacity < held)
                return Problems.Conflict("capacity-held", $"Orders hold {held} of this offer: the capacity cannot be less.");
            offer.Capacity = capacity;
            offer.Available = capacity - held;
        }

        offer.Title = change.Title ?? offer.Title;
        offer.Price = price;
        offer.Deposit = deposit;
        offer.MaxPerCustomer = change.MaxPerCustomer ?? offer.MaxPerCustomer;
        offer.Place = change.Place ?? offer.Place;
        offer.Details = change.Details ?? offer.Details;
        offer.Version++;
        offer.UpdatedAt = time.Now();
        db.Publish(OfferEvent.Changed, offer.ToEvent());
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return TypedResults.Ok(OfferView.Of(offer));
    }

    // By field, with the reason why it may not be another. Publishers sell nothing but titles that were approved.
    private static Dictionary<string, string[]> WhatStays(Offer offer, ChangeOffer change, ClaimsPrincipal user)
    {
        var staying = new Dictionary<string, string[]>();
        if (change.Date is not null && change.Date != offer.Date)
            staying["date"] = ["The day is what orders were placed on, and stays: register another offer for another day."];
        if (offer.Approved || !user.IsInRole(Roles.Merchant))
        {
            foreach (var (name, isThere) in new[] { ("title", change.Title is not null), ("details", change.Details is not null), ("place", change.Place is not null), ("deposit", change.Deposit is not null), ("maxPerCustomer", change.MaxPerCustomer is not null) })
            {
                if (isThere)
                    staying[name] = ["Of an approved title only price and capacity may change: leave this out, and register another title for other words."];
            }
        }

        return staying;
    }
}
