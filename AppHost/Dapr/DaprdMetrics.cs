using System.Text.RegularExpressions;
using OrderMall.Control;

namespace OrderMall.AppHost.Dapr;

/// <summary>What a <c>daprd</c> says of its circuit breakers: it does so in its metrics only.</summary>
internal static partial class DaprdMetrics
{
    /// <summary>The breakers that were used so far.</summary>
    public static async Task<IReadOnlyList<CircuitView>> CircuitsAsync(Uri metrics, CancellationToken cancellationToken) =>
        // None while it is being started again: its breakers begin anew.
        Read(await SidecarRequests.SendAsync(new HttpRequestMessage(HttpMethod.Get, metrics), null, content => content.ReadAsStringAsync(cancellationToken), cancellationToken) ?? "");

    // A gauge for each state of each breaker, of which the one that it is in is 1. The target is app_payment, or pubsub_name.
    private static IReadOnlyList<CircuitView> Read(string metrics) =>
    [
        .. from Match gauge in CurrentState().Matches(metrics)
           let target = Label(gauge.Value, "target")
           select new CircuitView(target[(target.IndexOf('_', StringComparison.Ordinal) + 1)..], Label(gauge.Value, "status")),
    ];

    private static string Label(string gauge, string name) => Regex.Match(gauge, $"[{{,]{name}=\"([^\"]*)\"").Groups[1].Value;

    [GeneratedRegex(@"^dapr_resiliency_cb_state\{[^}]*\} 1\r?$", RegexOptions.Multiline)]
    private static partial Regex CurrentState();
}
