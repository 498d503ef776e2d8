using System.ComponentModel.DataAnnotations;

namespace OrderMall.MyPage;

/// <summary>What of making pages again is configured: section <c>Rebuild</c>.</summary>
internal sealed class RebuildOptions
{
    /// <summary>How often it is looked whether the state store has lost them. 30 s unless configured.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "1.00:00:00", ErrorMessage = "Rebuild:Interval must be from 00:00:00.1 to 1.00:00:00.")]
    public TimeSpan Interval { get; set; } = TimeSpan.FromSeconds(30);
}
