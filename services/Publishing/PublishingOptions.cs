using System.ComponentModel.DataAnnotations;

namespace OrderMall.Publishing;

/// <summary>What of publishing is configured: section <c>Publishing</c>.</summary>
internal sealed class PublishingOptions
{
    /// <summary>The currency of all prices (ISO 4217). KRW unless configured.</summary>
    [Required(AllowEmptyStrings = false, ErrorMessage = "Publishing:Currency must be three capital letters, such as KRW.")]
    [RegularExpression("[A-Z]{3}", ErrorMessage = "Publishing:Currency must be three capital letters, such as KRW.")]
    public string Currency { get; set; } = "KRW";
}
