using System.Globalization;
using System.Text.RegularExpressions;

namespace OrderMall.Sidecar.Configuration;

/// <summary>Durations as Dapr writes them: Go's notation (<c>1m30s</c>, <c>250ms</c>), or a whole number of milliseconds.</summary>
internal static partial class GoDuration
{
    public static bool TryParse(string text, out TimeSpan duration)
    {
        duration = default;
        if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var milliseconds) && milliseconds <= int.MaxValue)
        {
            duration = TimeSpan.FromMilliseconds(milliseconds);
            return true;
        }

        var match = Notation().Match(text);
        if (!match.Success)
            return false;
        var numbers = match.Groups["number"].Captures;
        var units = match.Groups["unit"].Captures;
        var total = 0d;
        for (var i = 0; i < numbers.Count; i++)
            total += double.Parse(numbers[i].ValueSpan, CultureInfo.InvariantCulture) * SecondsIn(units[i].Value);
        // Ten years: far above any sensible policy, far below what would overflow a timer's arithmetic.
        if (total > 315_360_000)
            return false;
        duration = TimeSpan.FromSeconds(total);
        return true;
    }

    private static double SecondsIn(string unit) => unit switch
    {
        "h" => 3600,
        "m" => 60,
        "s" => 1,
        "ms" => 1e-3,
        "us" or "µs" => 1e-6,
        _ => 1e-9,
    };

    [GeneratedRegex(@"\A(?:(?<number>\d+(?:\.\d+)?)(?<unit>h|ms|m|s|us|µs|ns))+\z")]
    private static partial Regex Notation();
}
