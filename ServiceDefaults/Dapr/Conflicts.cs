namespace OrderMall.ServiceDefaults.Dapr;

/// <summary>Counts how often somebody else wrote a key first, and spreads those who try again.</summary>
public sealed class Conflicts(string key)
{
    private const int Most = 20;
    private int _count;

    /// <summary>Waits a little before the next attempt.</summary>
    /// <exception cref="SidecarException">It happened too often: the event comes again later.</exception>
    public Task WaitAsync(CancellationToken cancellationToken)
    {
        if (++_count == Most)
            throw new SidecarException($"State of {key}: somebody else wrote it first, {Most} times in a row.");
        return Task.Delay(Random.Shared.Next(1, 8 * _count), cancellationToken);
    }
}
