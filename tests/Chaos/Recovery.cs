using System.Diagnostics;
using System.Net;
using OrderMall.Chaos.Faults;
using OrderMall.Contracts;

namespace OrderMall.Chaos;

/// <summary>
/// Measures how long the mall needs until it is as before: everything runs, and an order that has to be paid is taken,
/// goes to the store and from there to delivery, is seen on the page and told of; and what others ordered is recommended.
/// </summary>
internal sealed class Recovery(AppHostMall mall, Crowd crowd, Answers answers, ChaosPeople people, MixedOffer offer, Timeline timeline, int seed)
{
    private static readonly TimeSpan Usual = TimeSpan.FromSeconds(15);

    /// <summary>How long it may take; longer on a machine that is slow (<see cref="OpenMall.Recovery"/>).</summary>
    public static TimeSpan Limit => OpenMall.Recovery(Usual);

    private const string LoadAverage = "/proc/loadavg";

    private const int OrdersOfOne = 50;
    private const int FastInARow = 3;
    private static readonly TimeSpan Fast = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestWarmUp = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan GiveUp = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly List<(FaultKind Kind, TimeSpan Took)> _took = [];
    private Shopper? _shopper;
    private TimeSpan _triedAt, _takenAt;

    /// <summary>How long it took after which faults.</summary>
    public IReadOnlyList<(FaultKind Kind, TimeSpan Took)> Took => _took;

    /// <summary>Waits until the mall has done everything often enough to be fast at it: a cold one says nothing of recoveries.</summary>
    public async Task WarmUpAsync(CancellationToken cancellationToken)
    {
        var (began, fast) = (timeline.Elapsed, 0);
        while (fast < FastInARow && timeline.Elapsed - began < LongestWarmUp && !cancellationToken.IsCancellationRequested)
        {
            var asked = timeline.Elapsed;
            fast = await MissingAsync() is "" && timeline.Elapsed - asked < Fast ? fast + 1 : 0;
        }

        timeline.Say($"{(fast == FastInARow ? "warm" : "not warm yet")} after {(timeline.Elapsed - began).TotalSeconds:0.0} s{Busyness()}");
    }

    /// <summary>Orders until it works.</summary>
    /// <param name="happened">Which faults of the episode were really injected.</param>
    /// <param name="overAt">When the last of it was over: putting it right again is a part of recovering.</param>
    public async Task MeasureAsync(Episode after, IReadOnlyList<FaultKind> happened, TimeSpan overAt)
    {
        var (missing, before) = (await MissingAsync(), "");
        while (missing.Length > 0 && timeline.Elapsed - overAt < GiveUp)
        {
            if (missing != before)
                timeline.Say($"  {missing}");
            before = missing;
            await Task.Delay(Pause);
            missing = await MissingAsync();
        }

        var time = timeline.Elapsed - overAt;
        _took.AddRange(happened.Select(kind => (kind, time)));
        timeline.Say($"  recovered after {time.TotalSeconds:0.0} s: an order was tried after {Seconds(_triedAt)} and taken after {Seconds(_takenAt)}");
        if (time > Limit)
            timeline.Find($"It took {time.TotalSeconds:0.0} s to recover, {Limit.TotalSeconds:0} are allowed{(missing.Length > 0 ? $"; at last {missing}" : "")}. After: {after}{Busyness()}", DateTimeOffset.UtcNow - time);

        string Seconds(TimeSpan at) => $"{(at - overAt).TotalSeconds:0.0} s";
    }

    // A machine that has too much else to do takes its time: then this says little of the mall.
    private static string Busyness() => File.Exists(LoadAverage) ? $" (load average {File.ReadAllText(LoadAverage).Split(' ')[0]} on {Environment.ProcessorCount} cores)" : "";

    private async Task<string> MissingAsync()
    {
        if (await NotRunningAsync() is { Length: > 0 } stopped)
            return stopped;
        _triedAt = timeline.Elapsed;
        using var limit = new CancellationTokenSource(GiveUp);
        if (_shopper is null || _shopper.Orders.Count >= OrdersOfOne)
            _shopper = await crowd.ComeAsync(people.AnyoneInHaste, seed, limit.Token);
        if (_shopper is null || await _shopper.TryOrderAsync(offer) is not { } order)
            return "an order was not taken yet";
        _takenAt = timeline.Elapsed;
        var waited = Stopwatch.StartNew();
        for (; !await _shopper.SeesAsync(order, "Preparing"); await Task.Delay(Pause))
        {
            if (waited.Elapsed > GiveUp)
                return $"order {order.Id} was not seen in preparation, with a message of each step";
        }

        if (mall.Control.Has(AppIds.Marketing) && await answers.AskAsync(() => people.AnyoneInHaste.GetAsync("/api/recommendations"), HttpStatusCode.OK) is null)
            return "nothing was recommended yet";
        // What has stopped meanwhile.
        return await NotRunningAsync();
    }

    private async Task<string> NotRunningAsync()
    {
        var stopped = (await mall.Control.ServicesAsync(CancellationToken.None)).Where(service => service.Status != ServiceStatus.Running || service.Instances < mall.InstancesOf(service.AppId)).ToList();
        return stopped.Count > 0 ? $"{string.Join(", ", stopped.Select(service => service.AppId))} did not run yet" : "";
    }
}
