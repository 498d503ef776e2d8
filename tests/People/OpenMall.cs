using System.Globalization;

namespace OrderMall.People;

/// <summary>
/// The mall that is open already, where the variable <c>MALL_URL</c> names one: it may be far away, slow, full of what was there
/// before, and used by others meanwhile. <c>MALL_SLOWNESS</c> says how many times as long as in a mall of our own things may take.
/// </summary>
public static class OpenMall
{
    private const double UsualSlowness = 3;

    /// <summary>Where it is, as it was given; <see langword="null"/> where the tests open a mall of their own.</summary>
    public static Uri? Address { get; } = Setting("MALL_URL") is { } url ? new Uri(url, UriKind.RelativeOrAbsolute) : null;

    private static double Slowness { get; } =
        Setting("MALL_SLOWNESS") is { } text ? double.Parse(text, CultureInfo.InvariantCulture) : Address is null ? 1 : UsualSlowness;

    /// <summary>How long something may take that has this time in a mall of our own.</summary>
    public static TimeSpan Patience(TimeSpan limit) => limit * Slowness;

    private static string? Setting(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } text ? text : null;
}
