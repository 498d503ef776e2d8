using System.Globalization;
using Microsoft.AspNetCore.Mvc;

namespace OrderMall.Catalog;

/// <summary>How a list of offers is sorted.</summary>
internal enum OfferOrder
{
    /// <summary>As they were registered.</summary>
    Registered,

    /// <summary>By day, the next first; only what is for a day.</summary>
    Date,

    /// <summary>By price, the lowest first.</summary>
    Price,

    /// <summary>By price, the highest first.</summary>
    PriceFalling,
}

/// <summary>What is looked for, as the client wrote it.</summary>
internal sealed record OfferQuery(
    [FromQuery] string? Kind, [FromQuery] string? Q, [FromQuery] string? Date, [FromQuery] string? From, [FromQuery] string? To, [FromQuery] string? Place,
    [FromQuery] string? MerchantId, [FromQuery] string? Available, [FromQuery] string? Sort);

/// <summary>What is looked for: all of it together.</summary>
/// <param name="Text">Within the title, whatever its case.</param>
/// <param name="From">The first day.</param>
/// <param name="To">The last day.</param>
/// <param name="Place">Within the place, whatever its case.</param>
/// <param name="Available">The least that must be left.</param>
internal sealed record OfferSearch(
    string? Kind = null, string? Text = null, DateOnly? From = null, DateOnly? To = null, string? Place = null, string? MerchantId = null, int? Available = null, OfferOrder Order = default)
{
    private const int LongestText = 100;

    private static readonly Dictionary<string, OfferOrder> Orders = new() { ["date"] = OfferOrder.Date, ["price"] = OfferOrder.Price, ["-price"] = OfferOrder.PriceFalling };

    /// <summary>The day, where it is one.</summary>
    public DateOnly? Day => From == To ? From : null;

    /// <summary>Reads it.</summary>
    /// <returns>What is wrong with it, or <see langword="null"/>.</returns>
    public static ValidationProblem? Read(OfferQuery query, out OfferSearch search)
    {
        search = new OfferSearch(Clean(query.Kind), Clean(query.Q), Place: Clean(query.Place), MerchantId: Clean(query.MerchantId));
        foreach (var (name, text) in new[] { ("kind", search.Kind), ("q", search.Text), ("place", search.Place), ("merchantId", search.MerchantId) })
        {
            if (text?.Length > LongestText || text?.Contains('\0') == true)
                return Problems.Invalid(name, $"Must be at most {LongestText} characters, none of them NUL.");
        }

        if (DayFilter.Read("date", query.Date, out var day) is { } wrongDay)
            return wrongDay;
        if (DayFilter.Read("from", query.From, out var from) is { } wrongFrom)
            return wrongFrom;
        if (DayFilter.Read("to", query.To, out var to) is { } wrongTo)
            return wrongTo;
        if (day is not null && (from is not null || to is not null))
            return Problems.Invalid("date", "Is one day: leave it out, or 'from' and 'to'.");
        if (from > to)
            return Problems.Invalid("to", "Must not be before 'from'.");
        var left = 0;
        if (!string.IsNullOrEmpty(query.Available) && (!int.TryParse(query.Available, NumberStyles.None, CultureInfo.InvariantCulture, out left) || left < 1))
            return Problems.Invalid("available", "Must be how many have to be left, from 1.");
        var order = OfferOrder.Registered;
        if (!string.IsNullOrEmpty(query.Sort) && !Orders.TryGetValue(query.Sort, out order))
            return Problems.Invalid("sort", $"Must be one of {string.Join(", ", Orders.Keys)}, or left out.");
        search = search with { From = day ?? from, To = day ?? to, Available = left > 0 ? left : null, Order = order };
        return null;
    }

    /// <summary>A page of what is on sale, not over and looked for, with one more.</summary>
    /// <param name="offers">All of <paramref name="db"/> that may be listed at all.</param>
    /// <param name="last">The last of the page before, as it is now.</param>
    public async Task<IQueryable<Offer>> PageAsync(
        CatalogDb db, Func<IQueryable<Offer>, IQueryable<Offer>> offers, int limit, Offer? last, DateOnly earliest, CancellationToken cancellationToken)
    {
        var found = offers(await db.WithTextsAsync(this, cancellationToken)).AsNoTracking().Where(offer => !offer.IsOver && offer.OffSaleAt == null);
        // A day that is not to come is not looked for, and what is for none is no answer to one.
        var first = From is { } from && from > earliest ? from : earliest;
        found = From is not null || To is not null || Order == OfferOrder.Date
            ? found.Where(offer => offer.Date >= first)
            : found.Where(offer => offer.Date == null || offer.Date >= earliest);
        if (To is { } to)
            found = found.Where(offer => offer.Date <= to);
        if (Kind is not null)
            found = found.Where(offer => offer.Kind == Kind);
        if (MerchantId is not null)
            found = found.Where(offer => offer.MerchantId == MerchantId);
        if (Available is { } left)
            found = found.Where(offer => offer.Available == null || offer.Available >= left);
        return Sorted(found, last).Take(limit + 1);
    }

    private IQueryable<Offer> Sorted(IQueryable<Offer> found, Offer? last)
    {
        switch (Order)
        {
            case OfferOrder.Date:
                if (last is not null)
                    found = found.Where(offer => EF.Functions.GreaterThan(ValueTuple.Create(offer.Date, offer.Id), ValueTuple.Create(last.Date, last.Id)));
                return found.OrderBy(offer => offer.Date).ThenBy(offer => offer.Id);
            case OfferOrder.Price:
                if (last is not null)
                    found = found.Where(offer => EF.Functions.GreaterThan(ValueTuple.Create(offer.Price, offer.Id), ValueTuple.Create(last.Price, last.Id)));
                return found.OrderBy(offer => offer.Price).ThenBy(offer => offer.Id);
            case OfferOrder.PriceFalling:
                if (last is not null)
                    found = found.Where(offer => EF.Functions.LessThan(ValueTuple.Create(offer.Price, offer.Id), ValueTuple.Create(last.Price, last.Id)));
                return found.OrderByDescending(offer => offer.Price).ThenByDescending(offer => offer.Id);
            default:
                if (last is not null)
                    found = found.Where(offer => offer.Id > last.Id);
                return found.OrderBy(offer => offer.Id);
        }
    }

    private static string? Clean(string? text) => TextRules.Clean(text) is { Length: > 0 } clean ? clean : null;
}
