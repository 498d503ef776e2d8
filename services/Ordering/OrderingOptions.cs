using System.ComponentModel.DataAnnotations;

namespace OrderMall.Ordering;

/// <summary>What of ordering is configured: section <c>Ordering</c>.</summary>
internal sealed class OrderingOptions
{
    /// <summary>How long an order may wait for the payment service to come back. 15 minutes unless configured.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "7.00:00:00", ErrorMessage = "Ordering:PaymentPatience must be from 00:00:01 to 7.00:00:00.")]
    public TimeSpan PaymentPatience { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>
    /// The share of what is left of an offer that orders may hold which wait for the payment service; one unit in any case. 0.5 unless configured; 0 lets nobody wait.
    /// </summary>
    [Range(0, 0.99, ErrorMessage = "Ordering:UnpaidShare must be from 0 to 0.99.")]
    public double UnpaidShare { get; set; } = 0.5;

    /// <summary>The payment methods the provider takes. Those of the demo where there is one and none are configured; without either nothing starts, unless the mall takes no payments (<c>Mall:Payments</c>).</summary>
    public HashSet<string> PaymentMethods { get; set; } = [];
}
