namespace OrderMall.Mall.Tests;

/// <summary>The tests that stop services or count what everybody does: after all others, one at a time.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class AloneCollection
{
    public const string Name = "alone";
}
