namespace OrderMall.Mall.Tests.Faults;

/// <summary>The tests that stop services: alone, after all others, one at a time.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class FaultsCollection
{
    public const string Name = "faults";
}
