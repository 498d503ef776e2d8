using System.Globalization;
using System.Net;
using OrderMall.Mall.Tests.Marketing;
using OrderMall.Mall.Tests.People;

namespace OrderMall.Mall.Tests.Opening;

/// <summary>
/// The mall that is open already, where the variable <c>MALL_URL</c> names one: it may be far away, slow, full of what was there
/// before, and used by others meanwhile. <c>MALL_SLOWNESS</c> says how many times as long as in a mall of our own things may take.
/// </summary>
internal static class OpenMall
{
    private const double UsualSlowness = 3;
    private static readonly Lazy<string?> NoFaults = new(() => Ask(NoFaultsAsync));
    private static readonly Lazy<string?> NoMarketing = new(() => Ask(NoMarketingAsync));

    /// <summary>Where it is; <see langword="null"/> where the tests open a mall of their own.</summary>
    public static Uri? Address { get; } = Setting("MALL_URL") is { } url ? new Uri(url) : null;

    private static double Slowness { get; } =
        Setting("MALL_SLOWNESS") is { } text ? double.Parse(text, CultureInfo.InvariantCulture) : Address is null ? 1 : UsualSlowness;

    /// <summary>How long something may take that has this time in a mall of our own.</summary>
    public static TimeSpan Patience(TimeSpan limit) => limit * Slowness;

    /// <summary>What is missing, in words; <see langword="null"/> if nothing is.</summary>
    public static string? Lacks(Need need) =>
        need.HasFlag(Need.Own) && Address is not null ? "opens a mall or services of its own, not the one that is open"
        : need.HasFlag(Need.Python) && LocalPython.Program is null ? LocalPython.Missing
        : need.HasFlag(Need.Marketing) && (Address is null ? LocalPython.Missing : NoMarketing.Value) is { } noMarketing ? noMarketing
        : need.HasFlag(Need.Faults) && Address is not null ? NoFaults.Value
        : null;

    private static async Task<string?> NoFaultsAsync(MallFixture mall)
    {
        var answer = await (await mall.OperatorAsync()).GetAsync(Operator.Services);
        return answer.Status == HttpStatusCode.OK ? null
            : $"stops services or has the payment provider misbehave, and this mall has no {Operator.Services} for that ({(int)answer.Status}{(answer.Problem is { } problem ? $" {problem}" : "")})";
    }

    private static async Task<string?> NoMarketingAsync(MallFixture mall) =>
        (await mall.Anyone.GetAsync("/api/recommendations")).Status == HttpStatusCode.NotFound ? "asks the marketing service, and this mall has none: /api/recommendations is 404" : null;

    // Tests are found before any is run, without waiting. Where nobody answers, they say so when they run.
    private static string? Ask(Func<MallFixture, Task<string?>> ask)
    {
        try
        {
            return ask(new MallFixture(Address!)).GetAwaiter().GetResult();
        }
        catch (Exception unanswered) when (unanswered is HttpRequestException or TimeoutException or Xunit.Sdk.XunitException)
        {
            return null;
        }
    }

    private static string? Setting(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } text ? text : null;
}
