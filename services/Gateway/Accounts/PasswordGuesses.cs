using Microsoft.Extensions.Caching.Memory;

namespace OrderMall.Gateway.Accounts;

/// <summary>
/// Bounds how often the password of one account can be guessed: from one address, and from all together. Nobody is locked
/// out by it: a right password does not count, a guess comes back after a while, an address that the account was signed in from before
/// is not held up by the others, and who is signed in stays so, since refreshing asks for no password. An account
/// that does not exist is counted like one that does. Each replica counts for itself.
/// </summary>
internal sealed class PasswordGuesses(TimeProvider time) : IDisposable
{
    private const int MostKept = 50_000;
    private static readonly Limit FromOneAddress = new(AtOnce: 10, Every: TimeSpan.FromSeconds(30));
    private static readonly Limit Altogether = new(AtOnce: 60, Every: TimeSpan.FromSeconds(10));
    private static readonly TimeSpan AddressIsKnownFor = TimeSpan.FromDays(30);

    private readonly MemoryCache _kept = new(new MemoryCacheOptions { SizeLimit = MostKept });
    private readonly Lock _lock = new();

    /// <summary>Takes a guess, before the password is looked at: many at once get no more than one after the other.</summary>
    /// <returns>Zero, or how long to wait because there is none left.</returns>
    public TimeSpan Take(string account, string address)
    {
        lock (_lock)
        {
            var (here, altogether) = (Used((account, address), FromOneAddress), Used((account, null), Altogether));
            var wait = FromOneAddress.WaitFrom(here);
            if (wait == TimeSpan.Zero && !_kept.TryGetValue(new Known(account, address), out _))
                wait = Altogether.WaitFrom(altogether);
            if (wait > TimeSpan.Zero)
                return wait;
            Keep((account, address), here + 1, FromOneAddress);
            Keep((account, null), altogether + 1, Altogether);
            return TimeSpan.Zero;
        }
    }

    /// <summary>It was no guess: gives back what was taken, and remembers the address.</summary>
    public void WasRight(string account, string address)
    {
        lock (_lock)
        {
            Keep((account, address), Used((account, address), FromOneAddress) - 1, FromOneAddress);
            Keep((account, null), Used((account, null), Altogether) - 1, Altogether);
            _kept.Set(new Known(account, address), true, new MemoryCacheEntryOptions { Size = 1, SlidingExpiration = AddressIsKnownFor });
        }
    }

    public void Dispose() => _kept.Dispose();

    // What was taken comes back evenly.
    private double Used((string Account, string? Address) who, Limit limit) =>
        _kept.TryGetValue(who, out Taken taken) ? Math.Max(0, taken.Used - ((time.GetUtcNow() - taken.At) / limit.Every)) : 0;

    private void Keep((string Account, string? Address) who, double used, Limit limit)
    {
        if (used <= 0)
            _kept.Remove(who);
        else
            _kept.Set(who, new Taken(used, time.GetUtcNow()), new MemoryCacheEntryOptions { Size = 1, AbsoluteExpirationRelativeToNow = used * limit.Every });
    }

    private readonly record struct Limit(int AtOnce, TimeSpan Every)
    {
        public TimeSpan WaitFrom(double used) => used + 1 > AtOnce ? (used + 1 - AtOnce) * Every : TimeSpan.Zero;
    }

    private readonly record struct Taken(double Used, DateTimeOffset At);

    private readonly record struct Known(string Account, string Address);
}
