using System.Diagnostics;
using OrderMall.Chaos.Faults;
using OrderMall.Mall;
using OrderMall.Mall.Hosting;

namespace OrderMall.Chaos;

/// <summary>Measures how long the mall needs until it is as before: everything runs, and an order that has to be paid is taken and seen.</summary>
internal sealed class Recovery(EmbeddedMall mall, Crowd crowd, ChaosPeople people, MixedOffer offer, Timeline timeline, int seed)
{
    /// <summary>How long it may take; longer where <c>MALL_SLOWNESS</c> says so.</summary>
    public static readonly TimeSpan Limit = OpenMall.Patience(TimeSpan.FromSeconds(15));

    private const string LoadAverage = "/proc/loadavg";

    private const int OrdersOfOne = 50;
    private static readonly TimeSpan GiveUp = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly List<(FaultKind Kind, TimeSpan Took)> _took = [];
    private Shopper? _shopper;

    /// <summary>How long it took after which faults.</summary>
    public IReadOnlyList<(FaultKind Kind, TimeSpan Took)> Took => _took;

    /// <summary>Somebody tries until it works.</summary>
    /// <param name="after">What is over now.</param>
    public async Task MeasureAsync(Episode after)
    {
        var took = Stopwatch.StartNew();
        var (missing, before) = (await MissingAsync(), "");
        while (missing.Length > 0 && took.Elapsed < GiveUp)
        {
            if (missing != before)
                timeline.Say($"  {missing}");
            before = missing;
            await Task.Delay(Pause);
            missing = await MissingAsync();
        }

        var time = took.Elapsed;
        _took.AddRange(after.Faults.Select(fault => (fault.Kind, time)));
        timeline.Say($"  recovered after {time.TotalSeconds:0.0} s");
        if (time > Limit)
            timeline.Find($"It took {time.TotalSeconds:0.0} s to recover, {Limit.TotalSeconds:0} are allowed{(missing.Length > 0 ? $"; at last {missing}" : "")}. After: {after}{Busyness()}", DateTimeOffset.UtcNow - time);
    }

    // A machine that has too much else to do takes its time: then this says little of the mall.
    private static string Busyness() => File.Exists(LoadAverage) ? $" (load average {File.ReadAllText(LoadAverage).Split(' ')[0]} on {Environment.ProcessorCount} cores)" : "";

    private async Task<string> MissingAsync()
    {
        var absent = (await mall.ServicesAsync()).Where(service => service.Status != ServiceStatus.Running || service.Instances < mall.InstancesOf(service.AppId)).ToList();
        if (absent.Count > 0)
            return $"{string.Join(", ", absent.Select(service => service.AppId))} did not run yet";
        using var limit = new CancellationTokenSource(GiveUp);
        if (_shopper is null || _shopper.Orders.Count >= OrdersOfOne)
            _shopper = await crowd.ComeAsync(people.AnyoneInHaste, seed, limit.Token);
        if (_shopper is null || await _shopper.TryOrderAsync(offer) is not { } order)
            return "an order was not taken yet";
        for (var waited = Stopwatch.StartNew(); waited.Elapsed < GiveUp; await Task.Delay(Pause))
        {
            if (await _shopper.SeesAsync(order))
                return "";
        }

        return $"order {order.Id} was not on its customer's page";
    }
}
