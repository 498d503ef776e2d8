using System.Diagnostics;

namespace OrderMall.Operations;

/// <summary>
/// Asks all services and compares. The mall goes on meanwhile, so one look proves nothing: what does not agree is only
/// suspected, and looked at again, all sides anew. What still does not agree then is reported. What there is too much of for one turn is
/// looked at in several: the next one goes on where the last one stopped.
/// </summary>
internal sealed class Audit(IServiceProvider services, TimeProvider time) : IDisposable
{
    /// <summary>The rule that says who did not answer: the rest was not asked.</summary>
    public const string Reachable = "reachable";

    private const int MostReported = 1000;
    private const int Looks = 10;
    private const int BatchSize = 500;

    /// <summary>How long one turn may take: the gateway waits for it.</summary>
    public static readonly TimeSpan TimeLimit = TimeSpan.FromSeconds(120);

    /// <summary>After this it takes no further page. The rest of <see cref="TimeLimit"/> is for the turn before, which may have to be waited for, and for looking again.</summary>
    public static readonly TimeSpan Turn = TimeSpan.FromSeconds(40);

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(300);

    // It asks everything of everybody: one at a time.
    private readonly SemaphoreSlim _one = new(1, 1);
    private AuditPass? _pass;

    /// <summary>The last one that looked at everything, or found something.</summary>
    public AuditReport? Last { get; private set; }

    /// <summary>When everything was looked at last (UTC).</summary>
    public DateTimeOffset? LastComplete { get; private set; }

    /// <summary>Whether a look goes on in the next turn.</summary>
    public bool IsUnderWay => _pass is not null;

    public void Dispose() => _one.Dispose();

    /// <summary>Goes on with the look that is under way, or begins one.</summary>
    /// <param name="turn">After this it takes no further page; then the report is not complete.</param>
    public async Task<AuditReport> RunAsync(TimeSpan turn, CancellationToken cancellationToken)
    {
        await _one.WaitAsync(cancellationToken);
        try
        {
            var pass = _pass ??= new AuditPass(time.Now());
            var sources = new AuditSources(services);
            var isOver = await LookAsync(pass, sources, turn, cancellationToken);
            foreach (var (service, answer) in sources.Unreachable)
                pass.Unreachable[service] = answer;
            if (!isOver)
                return Report(pass, pass.Found, isComplete: false);
            List<Disagreement> found =
            [
                .. pass.Found,
                .. await AgainAsync(pass.Suspects.Orders, (ids, ct) => JudgeAsync(sources, ids, ct), cancellationToken),
                .. await AgainAsync(pass.Suspects.Payments, (ids, ct) => UnknownAsync(sources, ids, AuditRules.JudgeUnknownPayments, ct), cancellationToken),
                .. await AgainAsync(pass.Suspects.Charges, (ids, ct) => UnknownAsync(sources, ids, AuditRules.JudgeUnknownCharges, ct), cancellationToken),
                .. await AgainAsync(pass.Suspects.Holds, (ids, ct) => UnknownAsync(sources, ids, AuditRules.JudgeUnknownHolds, ct), cancellationToken),
                .. await AgainAsync(pass.Suspects.Titles, (ids, ct) => JudgeTitlesAsync(sources, ids, ct), cancellationToken),
                .. await IdleAsync(sources, cancellationToken),
                .. await MessagingAsync(sources, pass.Counts, cancellationToken),
            ];
            foreach (var (service, answer) in sources.Unreachable)
                pass.Unreachable[service] = answer;
            _pass = null;
            var report = Report(pass, found, isComplete: pass.Unreachable.Count == 0);
            // Who did not answer has not mended what was found before.
            if (report.Complete || found.Count > 0)
                Last = report;
            if (report.Complete)
                LastComplete = report.At;
            return report;
        }
        finally
        {
            _one.Release();
        }
    }

    // What was not asked cannot be reported as wrong, only as not asked: first, since it says how much the rest is worth.
    private AuditReport Report(AuditPass pass, List<Disagreement> found, bool isComplete) => new(
        pass.Since, time.Now(), isComplete, pass.Counts.All,
        [.. pass.Unreachable.OrderBy(service => service.Key, StringComparer.Ordinal).Select(service => new Disagreement(Reachable, $"{service.Key} did not answer: {service.Value}")).Concat(found).Take(MostReported)]);

    // Everything once: counts, and what looks wrong.
    private static async Task<bool> LookAsync(AuditPass pass, AuditSources sources, TimeSpan turn, CancellationToken cancellationToken)
    {
        var (suspects, clock) = (pass.Suspects, Stopwatch.StartNew());
        Func<Task<bool>>[] steps =
        [
            () => PagesAsync(sources.OffersAsync(pass.After, cancellationToken), offer => offer.OfferId, page =>
            {
                page.ForEach(pass.Counts.Count);
                // An offer and its holds are read in one go: this needs no second look.
                pass.Found.AddRange(page.SelectMany(AuditRules.Judge));
                return Task.CompletedTask;
            }),
            () => PagesAsync(sources.OrdersAsync(pass.After, cancellationToken), order => order.OrderId, async page =>
            {
                foreach (var facts in await sources.FactsAsync(page, cancellationToken))
                {
                    pass.Counts.Count(facts);
                    Suspect(suspects.Orders, AuditRules.Judge(facts).Select(_ => facts.Order.OrderId).Take(1));
                }
            }),
            // What was paid, the provider's whole ledger, and all that is held: also for orders that ordering does not know.
            () => PagesAsync(sources.PaymentsAsync(pass.After, cancellationToken), payment => payment.OrderId, async page =>
                Suspect(suspects.Payments, (await UnknownAsync(sources, [.. page.Select(payment => payment.OrderId)], AuditRules.JudgeUnknownPayments, cancellationToken)).Select(found => found.OrderId!.Value))),
            () => PagesAsync(sources.ChargesAsync(pass.After, cancellationToken), charge => charge.OrderId, async page =>
            {
                var unknown = await UnknownAsync(sources, [.. page.Where(charge => charge.Charged != charge.Refunded).Select(charge => charge.OrderId)], AuditRules.JudgeUnknownCharges, cancellationToken);
                page.ForEach(pass.Counts.Count);
                Suspect(suspects.Charges, unknown.Select(found => found.OrderId!.Value));
            }),
            () => PagesAsync(sources.HoldsAsync(pass.After, cancellationToken), hold => hold.OrderId, async page =>
                Suspect(suspects.Holds, (await UnknownAsync(sources, [.. page.Select(hold => hold.OrderId)], AuditRules.JudgeUnknownHolds, cancellationToken)).Select(found => found.OrderId!.Value))),
            () => PagesAsync(sources.TitlesAsync(pass.After, cancellationToken), title => title.TitleId, async page =>
            {
                foreach (var facts in await sources.FactsAsync(page, cancellationToken))
                {
                    pass.Counts.Count(facts);
                    Suspect(suspects.Titles, AuditRules.Judge(facts).Select(_ => facts.Title.TitleId).Take(1));
                }
            }),
        ];
        for (; pass.Step < steps.Length; (pass.Step, pass.After) = (pass.Step + 1, null))
        {
            if (!await steps[pass.Step]())
                return false;
        }

        return true;

        // A page counts when it was looked at as a whole: whoever is interrupted begins it again.
        async Task<bool> PagesAsync<T>(IAsyncEnumerable<List<T>> pages, Func<T, Guid> id, Func<List<T>, Task> look)
        {
            await foreach (var page in pages)
            {
                await look(page);
                pass.After = id(page[^1]);
                if (clock.Elapsed > turn)
                    return false;
            }

            return true;
        }

        static void Suspect(List<Guid> suspects, IEnumerable<Guid> ids) => suspects.AddRange(ids.Take(MostReported - suspects.Count));
    }

    // Looks at the suspects until nothing is wrong with them, or for the last time.
    private async Task<List<Disagreement>> AgainAsync(List<Guid> suspects, Func<IReadOnlyList<Guid>, CancellationToken, Task<List<Disagreement>>> judge, CancellationToken cancellationToken)
    {
        var wrong = new List<Disagreement>();
        for (var look = 1; look <= Looks && suspects.Count > 0; look++)
        {
            await Task.Delay(Pause, time, cancellationToken);
            wrong = [];
            foreach (var batch in suspects.Chunk(BatchSize))
                wrong.AddRange(await judge(batch, cancellationToken));
            suspects = [.. wrong.Select(disagreement => (disagreement.OrderId ?? disagreement.TitleId)!.Value).Distinct()];
        }

        return wrong;
    }

    private static async Task<List<Disagreement>> JudgeAsync(AuditSources sources, IReadOnlyList<Guid> ids, CancellationToken cancellationToken) =>
        await sources.OrdersAsync(ids, cancellationToken) is { } orders
            ? [.. (await sources.FactsAsync(orders, cancellationToken)).SelectMany(AuditRules.Judge)]
            : [];

    private static async Task<List<Disagreement>> JudgeTitlesAsync(AuditSources sources, IReadOnlyList<Guid> ids, CancellationToken cancellationToken) =>
        await sources.TitlesAsync(ids, cancellationToken) is { } titles
            ? [.. (await sources.FactsAsync(titles, cancellationToken)).SelectMany(AuditRules.Judge)]
            : [];

    // Assigning and freeing commit together: this needs no second look.
    private static async Task<List<Disagreement>> IdleAsync(AuditSources sources, CancellationToken cancellationToken) =>
        [.. (await sources.IdleAsync(cancellationToken) ?? []).Select(AuditRules.Judge)];

    private static async Task<List<Disagreement>> UnknownAsync(
        AuditSources sources, IReadOnlyList<Guid> ids, Func<IEnumerable<Guid>, IEnumerable<AuditedOrder>, IEnumerable<Disagreement>> judge, CancellationToken cancellationToken) =>
        ids.Count > 0 && await sources.OrdersAsync(ids, cancellationToken) is { } orders
            ? [.. judge(ids, orders)]
            : [];

    private async Task<List<Disagreement>> MessagingAsync(AuditSources sources, AuditCounts counts, CancellationToken cancellationToken)
    {
        for (var look = 0; ; look++)
        {
            // The gateway subscribes to nothing, but publishes.
            var answers = await Task.WhenAll(AuditSources.WithEvents.Append(AppIds.Gateway).Select(
                async appId => (AppId: appId, Messaging: await sources.MessagingAsync(appId, cancellationToken))));
            var waiting = answers.Any(answer => answer.Messaging is { Outbox: > 0 });
            if (waiting && look < Looks)
            {
                await Task.Delay(Pause, time, cancellationToken);
                continue;
            }

            var wrong = new List<Disagreement>();
            foreach (var (appId, messaging) in answers.Where(answer => answer.Messaging is not null))
            {
                counts.Count(messaging!);
                wrong.AddRange(AuditRules.Judge(appId, messaging!));
            }

            return wrong;
        }
    }
}
