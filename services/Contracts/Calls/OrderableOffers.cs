namespace OrderMall.Contracts.Calls;

/// <summary>Asks which of some offers can be ordered now. <c>POST /orderable-offers</c> of the catalog.</summary>
public sealed record OrderableOffersRequest(IReadOnlyList<Guid> OfferIds);

/// <summary>The answer to an <see cref="OrderableOffersRequest"/>.</summary>
/// <param name="OfferIds">Those that are on sale, not sold out, and for no day that is over.</param>
public sealed record OrderableOffersAnswer(IReadOnlyList<Guid> OfferIds);
