using System.Security.Claims;

namespace OrderMall.Catalog;

/// <summary>What is on sale.</summary>
internal static class OffersApi
{
    private const int LongestQuery = 100;

    public static void Map(WebApplication app)
    {
        var offers = app.MapGroup("/api/offers").WithTags("Offers");
        offers.MapGet("/", ListAsync).WithName("ListOffers").WithSummary("What is on sale; by kind, or with a text in the title.");
        offers.MapGet("/{id:guid}", GetAsync).WithName("GetOffer").WithSummary("One offer.");
        offers.MapPost("/", RegisterAsync).WithName("RegisterOffer").WithSummary("Puts something on sale.")
            .RequireRole(Roles.Merchant).WithValidation<RegisterOffer>();
        offers.MapPatch("/{id:guid}", ChangeAsync).WithName("ChangeOffer").WithSummary("Changes one of the seller's own offers.")
            .RequireRole(Roles.Merchant, Roles.Publisher).WithValidation<ChangeOffer>().ProducesProblem(StatusCodes.Status409Conflict);
    }

    private static async Task<Results<Ok<Page<OfferView>>, ValidationProblem>> ListAsync(
        PageRequest page, CatalogDb db, CancellationToken cancellationToken, string? kind = null, string? q = null)
    {
        foreach (var (name, text) in new[] { ("kind", kind), ("q", q) })
        {
            if (text?.Length > LongestQuery || text?.Contains('\0') == true)
                return Problems.Invalid(name, $"Must be at most {LongestQuery} characters, none of them NUL.");
        }

        var offers = db.Offers.AsNoTracking();
        if (!string.IsNullOrEmpty(kind))
            offers = offers.Where(offer => offer.Kind == kind);
        if (!string.IsNullOrEmpty(q))
            offers = offers.Where(offer => EF.Functions.ILike(offer.Title, $"%{Escape(q)}%", "\\"));
        if (page.After is { } after)
            offers = offers.Where(offer => offer.Id > after);
        var rows = await offers.OrderBy(offer => offer.Id).Take(page.Limit + 1).ToListAsync(cancellationToken);
        return TypedResults.Ok(page.ToPage(rows.ConvertAll(OfferView.Of), offer => offer.Id));
    }

    private static async Task<Results<Ok<OfferView>, ProblemHttpResult>> GetAsync(Guid id, CatalogDb db, CancellationToken cancellationToken) =>
        await db.Offers.AsNoTracking().FirstOrDefaultAsync(offer => offer.Id == id, cancellationToken) is { } offer
            ? TypedResults.Ok(OfferView.Of(offer))
            : Problems.NotFound("offer");

    private static async Task<Created<OfferView>> RegisterAsync(RegisterOffer request, ClaimsPrincipal user, CatalogDb db, TimeProvider time, CancellationToken cancellationToken)
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
            Date = request.Date,
            Place = request.Place,
            Details = request.Details,
            CreatedAt = now,
            UpdatedAt = now,
        };
        db.PutOnSale(offer);
        await db.SaveChangesAsync(cancellationToken);
        return TypedResults.Created($"/api/offers/{offer.Id}", OfferView.Of(offer));
    }

    private static async Task<Results<Ok<OfferView>, ValidationProblem, ProblemHttpResult>> ChangeAsync(
        Guid id, ChangeOffer change, ClaimsPrincipal user, CatalogDb db, TimeProvider time, CancellationToken cancellationToken)
    {
        // Locked: holds change the same row.
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var offer = await db.Offers.FromSql($"SELECT * FROM offer WHERE id = {id} FOR UPDATE").SingleOrDefaultAsync(cancellationToken);
        if (offer is null || offer.MerchantId != user.Id())
            return Problems.NotFound("offer");

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
        offer.Place = change.Place ?? offer.Place;
        offer.Details = change.Details ?? offer.Details;
        offer.Version++;
        offer.UpdatedAt = time.Now();
        db.Publish(OfferEvent.Changed, offer.ToEvent());
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return TypedResults.Ok(OfferView.Of(offer));
    }

    private static string Escape(string text) => text.Replace("\\", "\\\\").Replace("%", "\\%").Replace("_", "\\_");
}
