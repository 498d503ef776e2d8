using OrderMall.Mall.Tests.Opening;

namespace OrderMall.Mall.Tests;

/// <summary>The tests that share a mall of processes: after all others, one at a time.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class IsolatedMallCollection : ICollectionFixture<IsolatedMall>
{
    public const string Name = "isolated mall";
}
