namespace OrderMall.Operations;

/// <summary>
/// Asks all services and compares. The mall goes on meanwhile, so one look proves nothing: what does not agree is only
/// suspected, and looked at again, all sides anew. What still does not agree then is reported.
/// </summary>
internal sealed class Audit(IServiceProvider services, TimeProvider time) : IDisposable
{
    /// <summary>The rule that says who did not answer: the rest was not asked.</summary>
    public const string Reachable = "reachable";

    private const int MostReported = 1000;
    private const int Looks = 10;
    private const int BatchSize = 500;

    /// <summary>How long one may take.</summary>
    public static readonly TimeSpan TimeLimit = TimeSpan.FromSeconds(120);

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(300);

    // It asks everything of everybody: one at a time.
    private readonly SemaphoreSlim _one = new(1, 1);

    /// <summary>The last one that was finished.</summary>
    public AuditReport? Last { get; private set; }

    public void Dispose() => _one.Dispose();

    public async Task<AuditReport> RunAsync(CancellationToken cancellationToken)
    {
        await _one.WaitAsync(cancellationToken);
        try
        {
            var sources = new AuditSources(services);
            var counts = new AuditCounts();
            var offers = await OffersAsync(sources, cancellationToken);
            foreach (var offer in offers.Values)
                counts.Count(offer);

            var (suspects, held) = await OrdersAsync(sources, counts, cancellationToken);
            var strangers = await StrangersAsync(sources, counts, cancellationToken);
            var titles = await TitlesAsync(sources, counts, cancellationToken);
            List<Disagreement> found =
            [
                .. await AgainAsync(suspects, (ids, ct) => JudgeAsync(sources, ids, ct), cancellationToken),
                .. await AgainAsync(strangers, (ids, ct) => UnknownAsync(sources, ids, ct), cancellationToken),
                .. await AgainAsync(titles, (ids, ct) => JudgeTitlesAsync(sources, ids, ct), cancellationToken),
                .. await IdleAsync(sources, cancellationToken),
                .. await CapacityAsync(sources, offers, held, cancellationToken),
                .. await MessagingAsync(sources, counts, cancellationToken),
            ];
            // What was not asked cannot be reported as wrong, only as not asked: first, since it says how much the rest is worth.
            return Last = new AuditReport(time.Now(), counts.All,
                [.. sources.Unreachable.Select(service => new Disagreement(Reachable, $"{service.Key} did not answer: {service.Value}")).Concat(found).Take(MostReported)]);
        }
        finally
        {
            _one.Release();
        }
    }

    private static async Task<Dictionary<Guid, AuditedOffer>> OffersAsync(AuditSources sources, CancellationToken cancellationToken)
    {
        var offers = new Dictionary<Guid, AuditedOffer>();
        await foreach (var page in sources.OffersAsync(cancellationToken))
        {
            foreach (var offer in page)
                offers[offer.OfferId] = offer;
        }

        return offers;
    }

    // Every order once: counts, those that look wrong, and what their holds come to for each offer.
    private static async Task<(List<Guid> Suspects, Dictionary<Guid, long> Held)> OrdersAsync(AuditSources sources, AuditCounts counts, CancellationToken cancellationToken)
    {
        var suspects = new List<Guid>();
        var held = new Dictionary<Guid, long>();
        await foreach (var page in sources.OrdersAsync(cancellationToken))
        {
            foreach (var facts in await sources.FactsAsync(page, cancellationToken))
            {
                counts.Count(facts);
                held[facts.Order.OfferId] = held.GetValueOrDefault(facts.Order.OfferId) + (facts.Hold.Value?.Quantity ?? 0);
                if (suspects.Count < MostReported && AuditRules.Judge(facts).Any())
                    suspects.Add(facts.Order.OrderId);
            }
        }

        return (suspects, held);
    }

    // The provider's whole ledger: charges for orders that ordering does not know.
    private static async Task<List<Guid>> StrangersAsync(AuditSources sources, AuditCounts counts, CancellationToken cancellationToken)
    {
        var strangers = new List<Guid>();
        await foreach (var page in sources.ChargesAsync(cancellationToken))
        {
            page.ForEach(counts.Count);
            if (strangers.Count < MostReported)
                strangers.AddRange((await UnknownAsync(sources, page.Where(charge => charge.Charges > 0).Select(charge => charge.OrderId).ToList(), cancellationToken)).Select(unknown => unknown.OrderId!.Value));
        }

        return strangers;
    }

    // Every registration once: counts, and those that look wrong.
    private static async Task<List<Guid>> TitlesAsync(AuditSources sources, AuditCounts counts, CancellationToken cancellationToken)
    {
        var suspects = new List<Guid>();
        await foreach (var page in sources.TitlesAsync(cancellationToken))
        {
            foreach (var facts in await sources.FactsAsync(page, cancellationToken))
            {
                counts.Count(facts);
                if (suspects.Count < MostReported && AuditRules.Judge(facts).Any())
                    suspects.Add(facts.Title.TitleId);
            }
        }

        return suspects;
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

    private static async Task<List<Disagreement>> UnknownAsync(AuditSources sources, IReadOnlyList<Guid> ids, CancellationToken cancellationToken) =>
        ids.Count > 0 && await sources.OrdersAsync(ids, cancellationToken) is { } orders
            ? [.. AuditRules.JudgeUnknown(ids, orders)]
            : [];

    // An offer's numbers are read in one go, but the holds of its orders page by page: those are compared only where the
    // offer was the same before and after.
    private async Task<List<Disagreement>> CapacityAsync(AuditSources sources, Dictionary<Guid, AuditedOffer> before, Dictionary<Guid, long> held, CancellationToken cancellationToken)
    {
        for (var look = 0; ; look++)
        {
            var after = await OffersAsync(sources, cancellationToken);
            List<Disagreement> wrong =
            [
                .. after.Values.SelectMany(offer => AuditRules.Judge(offer)),
                .. after.Values
                    .Where(offer => before.TryGetValue(offer.OfferId, out var same) && same == offer && !sources.Unreachable.Any(service => service.Key is AppIds.Ordering or AppIds.Catalog))
                    .SelectMany(offer => AuditRules.JudgeHeld(offer, held.GetValueOrDefault(offer.OfferId))),
            ];
            if (wrong.Count == 0 || look == Looks)
                return wrong;
            await Task.Delay(Pause, time, cancellationToken);
            before = await OffersAsync(sources, cancellationToken);
            held = await HeldAsync(sources, cancellationToken);
        }
    }

    private static async Task<Dictionary<Guid, long>> HeldAsync(AuditSources sources, CancellationToken cancellationToken)
    {
        var held = new Dictionary<Guid, long>();
        await foreach (var page in sources.OrdersAsync(cancellationToken))
        {
            if (await sources.HoldsAsync(page, cancellationToken) is not { } holds)
                break;
            foreach (var order in page)
                held[order.OfferId] = held.GetValueOrDefault(order.OfferId) + (holds.GetValueOrDefault(order.OrderId)?.Quantity ?? 0);
        }

        return held;
    }

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
