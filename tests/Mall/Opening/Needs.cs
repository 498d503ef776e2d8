using System.Net;
using OrderMall.Mall.Tests.Marketing;

namespace OrderMall.Mall.Tests.Opening;

/// <summary>Whether what tests need is there.</summary>
internal static class Needs
{
    private static readonly Lazy<string?> NoFaults = new(() => Ask(NoFaultsAsync));
    private static readonly Lazy<string?> NoMarketing = new(() => Ask(NoMarketingAsync));

    /// <summary>What is missing, in words; <see langword="null"/> if nothing is.</summary>
    public static string? Lacks(Need need) =>
        need.HasFlag(Need.Own) && OpenMall.Address is not null ? "opens a mall or services of its own, not the one that is open"
        : need.HasFlag(Need.Unix) && OperatingSystem.IsWindows() ? "kills and stops processes by signals, which Windows does not have"
        : need.HasFlag(Need.Linux) && !OperatingSystem.IsLinux() ? "looks at processes as Linux shows them"
        : need.HasFlag(Need.Python) && LocalPython.Program is null ? LocalPython.Missing
        : need.HasFlag(Need.Marketing) && (OpenMall.Address is null ? LocalPython.Missing : NoMarketing.Value) is { } noMarketing ? noMarketing
        : need.HasFlag(Need.Faults) && OpenMall.Address is not null ? NoFaults.Value
        : null;

    private static async Task<string?> NoFaultsAsync(MallFixture mall)
    {
        var answer = await (await mall.OperatorAsync()).GetAsync(Operator.Services);
        return answer.Status == HttpStatusCode.OK ? null
            : $"stops services or has the payment provider misbehave, and this mall has no {Operator.Services} for that ({(int)answer.Status}{(answer.Problem is { } problem ? $" {problem}" : "")})";
    }

    private static async Task<string?> NoMarketingAsync(MallFixture mall) =>
        (await mall.Anyone.GetAsync("/api/recommendations")).Status == HttpStatusCode.NotFound ? "asks the marketing service, and this mall has none: /api/recommendations is 404" : null;

    // Tests are found before any is run, without waiting. Where there is no mall to visit, that is said when they would be run.
    private static string? Ask(Func<MallFixture, Task<string?>> ask)
    {
        if (Visit.ObstacleAsync().GetAwaiter().GetResult() is not null)
            return null;
        try
        {
            return ask(new MallFixture(OpenMall.Address!)).GetAwaiter().GetResult();
        }
        catch (Exception unanswered) when (unanswered is HttpRequestException or TimeoutException or Xunit.Sdk.XunitException)
        {
            return null;
        }
    }
}
