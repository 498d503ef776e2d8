using System.Security.Claims;

namespace OrderMall.Catalog;

/// <summary>What is on sale.</summary>
internal static class OffersApi
{
    public static void Map(WebApplication app)
    {
        var offers = app.MapGroup("/api/offers").WithTags("Offers");
        offers.MapGet("/", ListAsync).WithName("ListOffers").WithSummary("What is on sale and not over: of a kind, a merchant, with a text in the title or the place, for a day or from one to another, with so many left, sorted by date, price or -price.");
        offers.MapGet("/{id:guid}", GetAsync).WithName("GetOffer").WithSummary("One offer.");
        offers.MapPost("/", RegisterAsync).WithName("RegisterOffer").WithSummary("Puts something on sale.")
            .RequireRole(Roles.Merchant).WithValidation<RegisterOffer>().WithIdempotencyKey<CatalogDb, RegisterOffer>()
            .ProducesProblem(StatusCodes.Status409Conflict).ProducesProblem(StatusCodes.Status503ServiceUnavailable);
        offers.MapPatch("/{id:guid}", ChangeAsync).WithName("ChangeOffer").WithSummary("Changes one of the seller's own offers.")
            .RequireRole(Roles.Merchant, Roles.Publisher).WithValidation<ChangeOffer>().ProducesProblem(StatusCodes.Status409Conflict);
        offers.MapDelete("/{id:guid}", WithdrawAsync).WithName("WithdrawOffer").WithSummary("Takes one of the seller's own offers off sale; orders for it go on.")
            .RequireRole(Roles.Merchant, Roles.Publisher).ProducesProblem(StatusCodes.Status409Conflict);
    }

    private static async Task<Results<Ok<Page<OfferView>>, ValidationProblem>> ListAsync(
        [AsParameters] OfferQuery query, PageRequest page, [FromKeyedServices(DatabaseSetup.PublicReads)] CatalogDb db, DemoRule demo, TimeProvider time, CancellationToken cancellationToken)
    {
        if (OfferSearch.Read(query, out var search) is { } wrong)
            return wrong;
        // It is there for good: only its price may be another since, then the list goes on from there.
        Offer? last = null;
        if (page.After is { } after && (last = await db.Offers.AsNoTracking().FirstOrDefaultAsync(offer => offer.Id == after, cancellationToken)) is null)
            return Problems.Invalid("after", "Must be the 'next' of a page that this list gave.");
        var found = await search.PageAsync(db, demo.OnSale, page.Limit, last, time.EarliestDay(), cancellationToken);
        var rows = await found.ToListAsync(cancellationToken);
        return TypedResults.Ok(page.ToPage(rows.ConvertAll(OfferView.Of), offer => offer.Id));
    }

    private static async Task<Results<Ok<OfferView>, ProblemHttpResult>> GetAsync(
        Guid id, [FromKeyedServices(DatabaseSetup.PublicReads)] CatalogDb db, CancellationToken cancellationToken) =>
        await db.Offers.AsNoTracking().FirstOrDefaultAsync(offer => offer.Id == id && offer.OffSaleAt == null, cancellationToken) is { } offer
            ? TypedResults.Ok(OfferView.Of(offer))
            : Problems.NotFound("offer");

    private static async Task<Results<Created<OfferView>, ProblemHttpResult>> RegisterAsync(
        RegisterOffer request, IdempotencyKey key, ClaimsPrincipal user, CatalogDb db, VisitCapacity visits, TimeProvider time, HttpContext context, CancellationToken cancellationToken)
    {
        int? workers = null;
        if (VisitCapacity.IsFor(request.Fulfilment!.Value, request.Date, request.Overbook))
        {
            try
            {
                workers = await visits.WorkersAsync(user.Id(), request.Date!.Value, cancellationToken);
            }
            catch (ServiceUnavailableException)
            {
                return VisitCapacity.Unavailable(context);
            }
        }

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
        await using var transaction = workers is null ? null : await db.Database.BeginTransactionAsync(cancellationToken);
        if (workers is { } many && await VisitCapacity.RefusalAsync(db, offer.Id, offer.MerchantId, offer.Date!.Value, offer.Capacity, many, cancellationToken) is { } refusal)
            return refusal;
        db.PutOnSale(offer);
        var answer = key.Created(db, $"/api/offers/{offer.Id}", OfferView.Of(offer), now);
        await db.SaveChangesAsync(cancellationToken);
        if (transaction is not null)
            await transaction.CommitAsync(cancellationToken);
        return answer;
    }

    private static async Task<Results<Ok<OfferView>, ValidationProblem, ProblemHttpResult>> ChangeAsync(
        Guid id, ChangeOffer change, ClaimsPrincipal user, CatalogDb db, VisitCapacity visits, TimeProvider time, HttpContext context, CancellationToken cancellationToken)
    {
        // Before anything is locked: it may take its time.
        int? workers = null;
        var userId = user.Id();
        if (change.Capacity is not null
            && await db.Offers.AsNoTracking().FirstOrDefaultAsync(own => own.Id == id && own.MerchantId == userId, cancellationToken) is { } before
            && VisitCapacity.IsFor(before.Fulfilment, before.Date, change.Overbook) && (before.Capacity is null || change.Capacity > before.Capacity))
        {
            try
            {
                workers = await visits.WorkersAsync(before.MerchantId, before.Date!.Value, cancellationToken);
            }
            catch (ServiceUnavailableException)
            {
                return VisitCapacity.Unavailable(context);
            }
        }

        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var offer = await db.LockAsync(id, cancellationToken);
        if (offer is not { OffSaleAt: null } || offer.MerchantId != user.Id())
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
            if (workers is { } many && await VisitCapacity.RefusalAsync(db, id, offer.MerchantId, offer.Date!.Value, capacity, many, cancellationToken) is { } tooMany)
                return tooMany;
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

    private static async Task<Results<NoContent, ProblemHttpResult>> WithdrawAsync(
        Guid id, ClaimsPrincipal user, CatalogDb db, TimeProvider time, CancellationToken cancellationToken)
    {
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var offer = await db.LockAsync(id, cancellationToken);
        if (offer is null || offer.MerchantId != user.Id())
            return Problems.NotFound("offer");
        if (offer.OffSaleAt is not null)
            return TypedResults.NoContent();
        if (offer.Approved)
            return Problems.Conflict("title-status", $"This offer is an approved title: withdraw that with DELETE /api/titles/{id}, and the offer goes off sale with it.");
        db.TakeOffSale(offer, time.Now());
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return TypedResults.NoContent();
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
