namespace OrderMall.MyPage;

/// <summary>What of making pages again is configured: section <c>Rebuild</c>.</summary>
internal sealed class RebuildOptions
{
    /// <summary>How often it is looked whether the state store has lost them. 30 s unless configured.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(30);
}
