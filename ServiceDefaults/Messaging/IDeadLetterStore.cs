namespace OrderMall.ServiceDefaults.Messaging;

/// <summary>Where a service parks what it could not handle: its database, or the state store where it has none.</summary>
internal interface IDeadLetterStore
{
    /// <summary>Parks an event; one that is parked already gets the new reason.</summary>
    Task ParkAsync(DeadLetter letter, CancellationToken cancellationToken);

    /// <summary>Some that were parked after another one, or the longest parked: those first.</summary>
    Task<List<DeadLetter>> ListAsync(DeadLetter? after, int most, CancellationToken cancellationToken);

    /// <summary>The longest parked, without the events themselves: those may be large, and say what not everybody who looks at a list must see.</summary>
    Task<List<DeadLetter>> DescribeAsync(int most, CancellationToken cancellationToken);

    /// <summary>One; <see langword="null"/> if it is not parked.</summary>
    Task<DeadLetter?> FindAsync(string eventId, CancellationToken cancellationToken);

    /// <summary>Forgets one.</summary>
    /// <returns>Whether it was parked until now.</returns>
    Task<bool> RemoveAsync(string eventId, CancellationToken cancellationToken);

    /// <summary>How many there are.</summary>
    Task<long> CountAsync(CancellationToken cancellationToken);
}
