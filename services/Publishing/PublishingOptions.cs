namespace OrderMall.Publishing;

/// <summary>What of publishing is configured: section <c>Publishing</c>.</summary>
internal sealed class PublishingOptions
{
    /// <summary>The currency of all prices (ISO 4217). KRW unless configured.</summary>
    public string Currency { get; set; } = "KRW";
}
