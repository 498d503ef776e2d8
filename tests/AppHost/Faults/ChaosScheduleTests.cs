using OrderMall.Chaos.Faults;
using OrderMall.Chaos.Relays;

namespace OrderMall.AppHost.Tests.Faults;

/// <summary>What goes wrong in a chaos run.</summary>
public sealed class ChaosScheduleTests
{
    private const int Seed = 4711;
    private static readonly (string, int)[] Apps = [("ordering", 2), ("catalog", 1), ("payment", 2), ("payment-provider", 1), ("store", 2), ("gateway", 1), ("mypage", 1), ("operations", 1)];

    [Fact]
    public void The_same_seed_has_the_same_go_wrong_and_another_seed_something_else()
    {
        var first = Told(Seed);

        Assert.Equal(first, Told(Seed));
        Assert.NotEqual(first, Told(Seed + 1));
    }

    [Fact]
    public void Everything_goes_wrong_before_anything_does_again()
    {
        var kinds = Enum.GetValues<FaultKind>();

        var round = Schedule.Of(Seed, Apps).SelectMany(episode => episode.Faults).Take(kinds.Length).Select(fault => fault.Kind);

        Assert.Equal(kinds, round.Order());
    }

    [Fact]
    public void Some_overlap_and_never_more_than_three()
    {
        var counts = Schedule.Of(Seed, Apps).Take(500).Select(episode => episode.Faults.Count).ToList();

        Assert.Equal([1, 2, 3], counts.Distinct().Order());
        Assert.InRange(counts.Count(count => count > 1), 100, 300);
    }

    [Fact]
    public void What_is_stopped_goes_on_after_at_most_twelve_seconds()
    {
        var stops = Schedule.Of(Seed, Apps).Take(500).SelectMany(episode => episode.Faults)
            .Where(fault => fault.Kind is FaultKind.StopInstance or FaultKind.StopSidecar or FaultKind.StopBackend or FaultKind.StopPostmaster);

        Assert.All(stops, stop => Assert.InRange(stop.Lasts, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(12)));
    }

    [Fact]
    public void A_fault_of_a_link_is_on_one_that_is_used()
    {
        var faults = Schedule.Of(Seed, Apps).Take(500).SelectMany(episode => episode.Faults).Where(fault => fault.Link is not null).ToList();

        Assert.DoesNotContain(faults, fault => fault.Link is { Target: LinkTarget.Instance, AppId: "gateway" } or { Target: LinkTarget.Sidecar, AppId: "payment-provider" });
        Assert.DoesNotContain(
            faults, fault => fault is { Kind: FaultKind.DuplicatedEvents or FaultKind.ReorderedEvents, Link.AppId: "gateway" or "payment-provider" or "operations" });
    }

    private static List<string> Told(int seed) => [.. Schedule.Of(seed, Apps).Take(200).Select(episode => $"{episode.Pause} {episode}")];
}
