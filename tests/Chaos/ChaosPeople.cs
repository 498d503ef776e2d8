namespace OrderMall.Chaos;

/// <summary>Who comes to a mall in which anything may break down.</summary>
internal sealed class ChaosPeople(Uri address) : MallPeople
{
    // A little more than the gateway itself allows, so that its answer is received.
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(35);
    private static readonly TimeSpan Shortest = TimeSpan.FromSeconds(5);

    public override Uri Address => address;

    public override TimeSpan? Patience => Longest;

    /// <summary>Somebody who asks again rather than wait.</summary>
    public Person AnyoneInHaste => new(address, patience: Shortest);
}
