using System.Collections.Concurrent;

namespace OrderMall.Ordering;

/// <summary>
/// Remembers for a moment that payment's circuit is open. What would have to be paid is refused meanwhile before anything is held or
/// written, which costs next to nothing; one order in each moment goes all the way, and finds out when payment is back.
/// </summary>
internal sealed class PaymentCircuit(TimeProvider time)
{
    private const int MostOffers = 10_000;
    private static readonly TimeSpan Moment = TimeSpan.FromSeconds(1);

    // An offer is prepaid or not for as long as it is there. Of one that is not known here the next order goes all the way.
    private readonly ConcurrentDictionary<Guid, bool> _prepaid = new();
    private long _closedUntil;

    /// <summary>Whether an order for this offer would only be refused for want of payment; one in each moment is not, and goes all the way.</summary>
    public bool Refuses(Guid offerId)
    {
        var until = Volatile.Read(ref _closedUntil);
        if (until == 0 || !_prepaid.ContainsKey(offerId))
            return false;
        var now = time.GetTimestamp();
        if (now < until)
            return true;
        // Nobody came for a while: that it was open then says nothing of now.
        if (now >= After(until))
        {
            Interlocked.CompareExchange(ref _closedUntil, 0, until);
            return false;
        }

        return Interlocked.CompareExchange(ref _closedUntil, After(now), until) != until;
    }

    /// <summary>Payment is asked for an order of this offer.</summary>
    public void Asking(Guid offerId)
    {
        if (_prepaid.TryAdd(offerId, true) && _prepaid.Count > MostOffers)
            _prepaid.Clear();
    }

    /// <summary>Payment was not asked, because its circuit is open.</summary>
    public void IsOpen() => Volatile.Write(ref _closedUntil, After(time.GetTimestamp()));

    /// <summary>Payment answered.</summary>
    public void IsClosed() => Volatile.Write(ref _closedUntil, 0);

    private long After(long now) => now + (long)(Moment.TotalSeconds * time.TimestampFrequency);
}
