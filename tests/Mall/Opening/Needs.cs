using System.Net;
using OrderMall.Mall.Tests.Marketing;

namespace OrderMall.Mall.Tests.Opening;

/// <summary>Whether what tests need is there.</summary>
internal static class Needs
{
    private static readonly Lazy<string?> NoFaults = new(() => Ask(NoFaultsAsync));

    /// <summary>What is missing, in words; <see langword="null"/> if nothing is.</summary>
    public static string? Lacks(Need need) =>
        need.HasFlag(Need.Own) && OpenMall.Address is not null ? "opens a mall or services of its own, not the one that is open"
        : need.HasFlag(Need.Python) && LocalPython.Program is null ? LocalPython.Missing
        : need.HasFlag(Need.Faults) && OpenMall.Address is not null ? NoFaults.Value
        : null;

    private static async Task<string?> NoFaultsAsync(MallFixture mall)
    {
        var answer = await (await mall.OperatorAsync()).GetAsync(Operator.Services);
        return answer.Status == HttpStatusCode.OK ? null
            : $"stops services or has the payment provider misbehave, and this mall has no {Operator.Services} for that ({(int)answer.Status}{(answer.Problem is { } problem ? $" {problem}" : "")})";
    }

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
