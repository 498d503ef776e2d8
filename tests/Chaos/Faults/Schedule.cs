using OrderMall.Chaos.Relays;
using OrderMall.Contracts;

namespace OrderMall.Chaos.Faults;

/// <summary>What goes wrong, one thing after the other: chosen by a seed, and the same for the same seed.</summary>
internal static class Schedule
{
    private const int ShortestStop = 1_000;
    private const int LongestStop = 12_000;
    private const int ShortestFault = 2_000;
    private const int LongestFault = 8_000;
    private const int SlowestProvider = 5_000;
    private const int LastBeginning = 6_000;

    /// <summary>Without an end: as much of it happens as there is time for.</summary>
    public static IEnumerable<Episode> Of(int seed, IReadOnlyList<(string AppId, int Instances)> apps)
    {
        var random = new Random(seed);
        var kinds = Kinds(random).GetEnumerator();
        while (true)
        {
            var pause = Milliseconds(random, 200, 2_000);
            var faults = new List<Fault>();
            // Now and then two at once, seldom three.
            for (var count = random.Next(10) switch { < 6 => 1, < 9 => 2, _ => 3 }; count > 0 && kinds.MoveNext(); count--)
                faults.Add(Make(kinds.Current, faults.Count == 0 ? TimeSpan.Zero : Milliseconds(random, 0, LastBeginning), random, apps));
            yield return new Episode(pause, faults);
        }
    }

    // Every kind once, then all again in another order.
    private static IEnumerable<FaultKind> Kinds(Random random)
    {
        while (true)
        {
            var kinds = Enum.GetValues<FaultKind>();
            random.Shuffle(kinds);
            foreach (var kind in kinds)
                yield return kind;
        }
    }

    private static Fault Make(FaultKind kind, TimeSpan after, Random random, IReadOnlyList<(string AppId, int Instances)> apps)
    {
        var others = apps.Where(app => app.AppId is not (AppIds.Gateway or AppIds.PaymentProvider)).ToList();
        var (appId, instances) = One(kind switch
        {
            FaultKind.KillService => [.. apps.Where(app => app.Instances > 1)],
            FaultKind.KillInstance => others,
            // Events go to all others but operations and the screens.
            FaultKind.DuplicatedEvents or FaultKind.ReorderedEvents => [.. others.Where(app => app.AppId is not (AppIds.Operations or AppIds.Web))],
            _ => apps,
        });
        // Only operations and the screens invoke the gateway by its sidecar, and the payment provider invokes nobody.
        List<LinkTarget> targets = [.. appId == AppIds.Gateway ? [] : new[] { LinkTarget.Instance }, .. appId == AppIds.PaymentProvider ? [] : new[] { LinkTarget.Sidecar }];
        var once = new Fault(kind, after, TimeSpan.Zero, appId, random.Next(instances), Seed: random.Next());
        var stopped = once with { Lasts = Milliseconds(random, ShortestStop, LongestStop) };
        var lasting = once with { Lasts = Milliseconds(random, ShortestFault, LongestFault) };
        return kind switch
        {
            FaultKind.KillInstance or FaultKind.KillService or FaultKind.Restart => once,
            FaultKind.KillProvider => once with { AppId = AppIds.PaymentProvider, Instance = 0 },
            FaultKind.KillGateway => once with { AppId = AppIds.Gateway, Instance = 0 },
            FaultKind.KillSidecar or FaultKind.KillPostgres => once with { AppId = null },
            FaultKind.StopInstance => stopped,
            FaultKind.StopSidecar or FaultKind.StopBackend or FaultKind.StopPostmaster => stopped with { AppId = null },
            FaultKind.ProviderSlow => lasting with { AppId = null, Delay = Milliseconds(random, 500, SlowestProvider) },
            FaultKind.ProviderDown or FaultKind.ProviderDeclines => lasting with { AppId = null },
            FaultKind.DuplicatedEvents or FaultKind.ReorderedEvents => On(lasting, LinkTarget.Instance),
            FaultKind.SlowLink => On(lasting, One([.. targets, LinkTarget.Database])) with { Delay = Milliseconds(random, 50, 2_000) },
            FaultKind.LostAnswers => On(lasting, One(targets)),
            _ => On(lasting, One([.. targets, LinkTarget.Database])),
        };

        T One<T>(IReadOnlyList<T> some) => some[random.Next(some.Count)];

        // All instances of a service share its link to PostgreSQL. A service without a database has none: there it is the sidecar's.
        static Fault On(Fault fault, LinkTarget target) => fault with
        {
            Link = target == LinkTarget.Database
                ? new NetworkLink(target, fault.AppId is AppIds.MyPage or AppIds.Marketing or AppIds.Operations or AppIds.Web ? RelayedLinks.Sidecar : fault.AppId!)
                : new NetworkLink(target, fault.AppId!, fault.Instance),
        };
    }

    private static TimeSpan Milliseconds(Random random, int from, int to) => TimeSpan.FromMilliseconds(random.Next(from, to));
}
