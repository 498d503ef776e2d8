using System.Globalization;

namespace OrderMall.People;

/// <summary>
/// The mall that is open already, where the variable <c>MALL_URL</c> names one: it may be far away, slow, full of what was there
/// before, and used by others meanwhile. <c>MALL_SLOWNESS</c> says how many times as long as in a mall of our own things may take;
/// where it does not, the chaos run's recoveries go by how long its mall took to open on this machine.
/// </summary>
public static class OpenMall
{
    private const double UsualSlowness = 3;

    // All its programs started and warmed up, which is what a recovery does with one of them: measured on two quiet cores.
    private static readonly TimeSpan UsualOpening = TimeSpan.FromSeconds(30);

    private static double _measured = 1;

    /// <summary>Where it is, as it was given; <see langword="null"/> where the tests open a mall of their own.</summary>
    public static Uri? Address { get; } = Setting("MALL_URL") is { } url ? new Uri(url, UriKind.RelativeOrAbsolute) : null;

    private static double? Given { get; } =
        Setting("MALL_SLOWNESS") is { } text ? double.Parse(text, CultureInfo.InvariantCulture) : Address is null ? null : UsualSlowness;

    /// <summary>How long something may take that has this time in a mall of our own.</summary>
    public static TimeSpan Patience(TimeSpan limit) => limit * (Given ?? 1);

    /// <summary>How long a recovery may take that has this time on a machine that opens a mall as fast as usual.</summary>
    public static TimeSpan Recovery(TimeSpan limit) => limit * (Given ?? Volatile.Read(ref _measured));

    /// <summary>Remembers how long a mall of our own, with a process for every service, took to open: the last one counts.</summary>
    public static void OpenedIn(TimeSpan time) => Volatile.Write(ref _measured, Math.Clamp(time / UsualOpening, 1, UsualSlowness));

    private static string? Setting(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } text ? text : null;
}
