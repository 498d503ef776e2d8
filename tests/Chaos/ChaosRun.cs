using System.Net;
using System.Text.Json;
using OrderMall.Chaos.Faults;
using OrderMall.Chaos.Relays;
using Spectre.Console;
using Xunit.Sdk;

namespace OrderMall.Chaos;

/// <summary>What came of a run.</summary>
/// <param name="Took">How long the mall needed after which faults.</param>
/// <param name="Counts">What there was at the end, as the audit counts it.</param>
/// <param name="Data">Where everything was kept; <see langword="null"/> if it is gone.</param>
internal sealed record ChaosResult(
    Answers Answers, IReadOnlyList<(FaultKind Kind, TimeSpan Took)> Took, IReadOnlyDictionary<string, long> Counts, IReadOnlyCollection<Finding> Findings, string? Data);

/// <summary>One run: a mall of its own, people, faults; then the judgement.</summary>
internal sealed class ChaosRun(ChaosOptions options, IAnsiConsole console)
{
    // Enough to do that something is always going on, and not all that the machine can do: that would be measured, not the mall.
    private const double Leisure = 40;
    private static readonly TimeSpan Finishing = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan Settling = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan LastMessages = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    /// <summary>Runs it. Whatever happens, everything is closed at the end.</summary>
    /// <exception cref="MallException">The mall did not open.</exception>
    public async Task<ChaosResult> RunAsync(CancellationToken cancellationToken)
    {
        // Open to other users: PostgreSQL does not run as root.
        var data = options.Data ?? Path.Combine(Path.GetTempPath(), $"ordermall-chaos-{Guid.NewGuid():N}");
        Directory.CreateDirectory(data);
        ChaosResult result;
        using (var timeline = new Timeline(console, Path.Combine(data, "chaos.log")))
        {
            timeline.Say($"{options.Command}, in {data}");
            result = await RunAsync(data, timeline, cancellationToken);
        }

        if (options.Data is not null || result.Findings.Count > 0)
            return result with { Data = data };
        Directory.Delete(data, recursive: true);
        return result;
    }

    private async Task<ChaosResult> RunAsync(string data, Timeline timeline, CancellationToken cancellationToken)
    {
        await using var links = new RelayedLinks();
        await using var mall = await AppHostMall.OpenAsync(data, ["--Mall:Replicas", "2"], builder => links.PutInto(builder, data), cancellationToken: cancellationToken);
        timeline.Say($"the mall is open at {mall.Address}");
        var answers = new Answers(what => timeline.Find(what));
        var visitors = new ChaosPeople(mall.Address);
        var (op, staff, crowd) = (await visitors.OperatorAsync(), new Staff(answers, options.Seed, Leisure), new Crowd(answers, timeline, options.Seed));
        await staff.ComeAsync(visitors);
        var offers = await MixedOffer.SellAsync(staff, scarce: 10 * options.Minutes);
        var probed = new MixedOffer(await staff.Bookshop.SellBookAsync(copies: null), "delivery");
        var recovery = new Recovery(mall, crowd, answers, visitors, probed, timeline, options.Seed);

        using var over = new CancellationTokenSource();
        using var giveUp = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var people = Task.WhenAll(crowd.ShopAsync(options.Customers, visitors.Anyone, offers, over.Token, giveUp.Token), staff.WorkAsync(over.Token));
        try
        {
            var injector = new FaultInjector(mall, links, op, answers, timeline);
            await InjectFaultsAsync(mall, injector, recovery, timeline, people, cancellationToken);
        }
        finally
        {
            await over.CancelAsync();
            giveUp.CancelAfter(Finishing);
            await people;
        }

        cancellationToken.ThrowIfCancellationRequested();
        var counts = await JudgeAsync(op, staff, crowd, answers, timeline, cancellationToken);
        if (timeline.Findings.Count > 0)
            await mall.WriteLogsAsync(Path.Combine(data, "logs"));
        return new ChaosResult(answers, recovery.Took, counts, timeline.Findings, Data: null);
    }

    private async Task InjectFaultsAsync(AppHostMall mall, FaultInjector injector, Recovery recovery, Timeline timeline, Task people, CancellationToken cancellationToken)
    {
        await recovery.WarmUpAsync(cancellationToken);
        var end = timeline.Elapsed + TimeSpan.FromMinutes(options.Minutes);
        foreach (var episode in Schedule.Of(options.Seed, [.. mall.ServiceIds.Select(appId => (appId, mall.InstancesOf(appId)))]))
        {
            await Task.Delay(episode.Pause, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            // People never stop by themselves: if they have, something is wrong with this program.
            if (cancellationToken.IsCancellationRequested || timeline.Elapsed > end || people.IsCompleted)
                return;
            var (happened, overAt) = await injector.InjectAsync(episode);
            await recovery.MeasureAsync(episode, happened, overAt);
        }
    }

    private static async Task<IReadOnlyDictionary<string, long>> JudgeAsync(Operator op, Staff staff, Crowd crowd, Answers answers, Timeline timeline, CancellationToken cancellationToken)
    {
        timeline.Say("everything is healed; waiting until all is quiet");
        await FindingAsync(() => staff.EndVisitsAsync().WaitAsync(cancellationToken), timeline);
        var counts = await QuietAsync(op, answers, timeline, cancellationToken);
        await FindingAsync(() => Eventually.Is("", () => RaisedAsync(op)).WaitAsync(cancellationToken), timeline);
        timeline.Say($"looking at {crowd.Shoppers.Sum(shopper => shopper.Orders.Count)} orders of {crowd.Shoppers.Count} customers");
        await FindingAsync(() => LookAsync(crowd, timeline, cancellationToken), timeline);
        return counts;
    }

    /// <summary>Waits until the audit finds nothing and no order is on its way.</summary>
    private static async Task<IReadOnlyDictionary<string, long>> QuietAsync(Operator op, Answers answers, Timeline timeline, CancellationToken cancellationToken)
    {
        Dictionary<string, long> counts = [];
        for (var began = timeline.Elapsed; ; await Task.Delay(Pause, cancellationToken))
        {
            if (await answers.AskAsync(() => op.GetAsync("/api/ops/audit"), HttpStatusCode.OK) is { } answer)
            {
                var (audit, found) = (answer.Json, answer.Json.GetProperty("disagreements").EnumerateArray().Select(disagreement => disagreement.ToString()).ToList());
                counts = audit.GetProperty("counts").EnumerateObject().ToDictionary(count => count.Name, count => count.Value.GetInt64());
                if (found.Count == 0 && counts["inFlight"] == 0 && audit.GetProperty("complete").GetBoolean())
                    return counts;
                if (timeline.Elapsed - began > Settling)
                {
                    found.ForEach(text => timeline.Find($"The audit finds: {text}"));
                    if (counts["inFlight"] > 0)
                        timeline.Find($"{counts["inFlight"]} orders are still on their way.");
                    return counts;
                }
            }
            else if (timeline.Elapsed - began > Settling)
            {
                timeline.Find("There is no audit.");
                return counts;
            }
        }
    }

    /// <summary>What an operator has to look at: no event may be a dead letter, since none was retried long enough, and no alarm raised.</summary>
    private static async Task<string> RaisedAsync(Operator op)
    {
        var letters = (await op.GetAsync("/api/ops/dead-letters")).Is(HttpStatusCode.OK);
        var alarms = (await op.GetAsync("/api/ops/alarms")).Is(HttpStatusCode.OK).Json.GetProperty("alarms");
        var raised = letters.Json.EnumerateArray().Concat(alarms.EnumerateArray()).Select(what => $"{what}");
        return string.Join('\n', letters.Header("Mall-Unreachable") is { } silent ? raised.Append($"{silent} did not answer") : raised);
    }

    /// <summary>Looks at every order. Messages are no part of the audit: some may still come.</summary>
    private static async Task LookAsync(Crowd crowd, Timeline timeline, CancellationToken cancellationToken)
    {
        var wrong = new List<(Shopper Shopper, IReadOnlyList<WrongOrder> Orders)>();
        var left = crowd.Shoppers;
        for (var began = timeline.Elapsed; ; await Task.Delay(Pause, cancellationToken))
        {
            wrong.Clear();
            foreach (var some in left.Chunk(4))
                wrong.AddRange((await Task.WhenAll(some.Select(async shopper => (shopper, await shopper.WrongAsync())))).Where(seen => seen.Item2.Count > 0));
            if (wrong.Count == 0)
                return;
            if (timeline.Elapsed - began > LastMessages)
                break;
            left = [.. wrong.Select(seen => seen.Shopper)];
        }

        foreach (var order in wrong.SelectMany(seen => seen.Orders))
            timeline.Find(order.Detail, order.From, order.To);
    }

    private static async Task FindingAsync(Func<Task> look, Timeline timeline)
    {
        try
        {
            await look();
        }
        catch (Exception failed) when (failed is XunitException or HttpRequestException or JsonException)
        {
            timeline.Find(failed.Message);
        }
    }
}
