namespace OrderMall.People;

/// <summary>Something on sale in the mix.</summary>
/// <param name="Fulfilment">What happens after an order.</param>
public sealed record MixedOffer(Guid Id, string Fulfilment)
{
    /// <summary>Whether it may go off sale in the middle.</summary>
    public bool Ends { get; init; }

    /// <summary>Puts the four kinds of the demo on sale, and every combination of policies besides; of some there is too little.</summary>
    /// <remarks>Every merchant has one way to fulfil (the clinic two), so that what is in its order book tells what to do.</remarks>
    /// <param name="scarce">How many there are of what there is too little of.</param>
    public static async Task<List<MixedOffer>> SellAsync(Staff staff, int scarce)
    {
        var offers = new List<MixedOffer>();
        foreach (var capacity in new[] { 100_000, scarce })
        {
            offers.Add(new(await staff.Bookshop.SellBookAsync(capacity), "delivery"));
            offers.Add(new(await staff.Clinic.SellDosesAsync("Mixed vaccine", capacity), "none"));
            offers.Add(new(await staff.Bistro.SellTablesAsync("Mixed table", capacity), "confirmation"));
            offers.Add(new(await staff.Clinic.SellVisitsAsync("Mixed cleaning", capacity), "assignment"));
        }

        foreach (var (prepayment, fulfilment) in new[] { "none", "deposit", "full" }.SelectMany(prepayment => OrderLife.Fulfilments.Select(fulfilment => (prepayment, fulfilment))))
        {
            offers.Add(new(
                await staff.SellerOf(fulfilment).SellAsync(new
                {
                    kind = "mixed-xyz",
                    title = $"Mixed {prepayment} {fulfilment}",
                    price = 1_000,
                    deposit = prepayment == "deposit" ? 300 : (int?)null,
                    currency = "KRW",
                    prepayment,
                    fulfilment,
                    capacity = prepayment == "full" ? (int?)null : 100_000,
                }),
                fulfilment));
        }

        return offers;
    }
}
