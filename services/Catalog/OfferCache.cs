using Microsoft.Extensions.Caching.Memory;

namespace OrderMall.Catalog;

/// <summary>Offers as they were read a moment ago. Whoever uses one checks its version in the same statement.</summary>
internal sealed class OfferCache : IDisposable
{
    // In characters of their texts, which are most of what an offer takes.
    private const int Most = 4_000_000;
    private const int Smallest = 200;
    private static readonly TimeSpan Life = TimeSpan.FromMinutes(1);
    private readonly MemoryCache _offers = new(new MemoryCacheOptions { SizeLimit = Most });

    public Offer? Find(Guid id) => _offers.Get<Offer>(id);

    public void Keep(Offer offer) => _offers.Set(offer.Id, offer, new MemoryCacheEntryOptions { Size = Smallest + (offer.Details?.Length ?? 0), AbsoluteExpirationRelativeToNow = Life });

    public void Forget(Guid id) => _offers.Remove(id);

    public void Dispose() => _offers.Dispose();
}
