using System.Runtime.CompilerServices;
using System.Text.Json.Serialization;

namespace OrderMall.MyPage;

/// <summary>Some of a person's orders or titles, the newest first.</summary>
/// <param name="Number">Grows with each full page.</param>
/// <param name="Ids">At most <see cref="PageIndex.PageSize"/>, and what came late. Kept under the name it had when there were only orders.</param>
internal sealed record IndexPage(int Number, [property: JsonPropertyName("orderIds")] IReadOnlyList<Guid> Ids);

/// <summary>
/// What each person has of one sort in pages of bounded size: the newest in the head, which is written to its own key
/// once it is full and then replaced. A full head never changes, so that it does not matter how often a page is written. What comes when its
/// page is written already is added there, which makes that page longer.
/// </summary>
internal sealed class PageIndex(StateStore state, string name)
{
    public const int PageSize = 50;
    // With what came late. What is beyond that is among the newest, where it is listed too.
    private const int LongestPage = 500;
    private const int MostPagesAtOnce = 16;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Batch> _open = [];
    private readonly SemaphoreSlim[] _writing = [.. Enumerable.Range(0, 64).Select(_ => new SemaphoreSlim(1))];

    /// <summary>
    /// Adds an id; nothing happens when it is there. Those of one person that come while one is written are
    /// written together: otherwise they would only be in each other's way.
    /// </summary>
    public async Task AddAsync(string personId, Guid id, CancellationToken cancellationToken)
    {
        Batch? batch;
        lock (_lock)
        {
            if (!_open.TryGetValue(personId, out batch))
                _open[personId] = batch = new Batch();
            batch.Ids.Add(id);
        }

        var writing = _writing[StripeOf(personId)];
        await writing.WaitAsync(cancellationToken);
        try
        {
            lock (_lock)
            {
                if (_open.GetValueOrDefault(personId) == batch)
                    _open.Remove(personId);
            }

            // Whoever of the batch was first wrote it for all, unless that failed.
            if (batch.IsWritten)
                return;
            await WriteAsync(personId, batch.Ids, cancellationToken);
            batch.IsWritten = true;
        }
        finally
        {
            writing.Release();
        }
    }

    /// <summary>
    /// What adds ids to heads with room for them, to be written at once with other keys. Until it is disposed of, nobody else in this process
    /// writes those heads. Left out are people whose head is full or who have something newer already (<see cref="AddAsync"/>), and what is listed.
    /// </summary>
    /// <exception cref="SidecarException">The state store did not answer.</exception>
    public async Task<Addition> PlanAsync(ILookup<string, Guid> idsByPerson, CancellationToken cancellationToken)
    {
        var plan = new Addition();
        try
        {
            // In one order, so that two of them cannot wait for each other.
            foreach (var stripe in idsByPerson.Select(person => StripeOf(person.Key)).Distinct().Order())
            {
                await _writing[stripe].WaitAsync(cancellationToken);
                plan.Hold(_writing[stripe]);
            }

            var heads = await state.GetManyAsync([.. idsByPerson.Select(person => HeadKey(person.Key))], MyPageJson.Default.IndexPage, cancellationToken);
            foreach (var person in idsByPerson)
            {
                var key = HeadKey(person.Key);
                var (stored, etag) = heads.GetValueOrDefault(key);
                var head = stored ?? new IndexPage(0, []);
                var missing = person.Except(head.Ids).ToList();
                if (head.Ids.Count + missing.Count > PageSize || (head.Ids.Count > 0 && missing.Exists(id => id < head.Ids[0])))
                    continue;
                var next = head with { Ids = [.. head.Ids.Concat(missing).OrderDescending()] };
                if (missing.Count > 0)
                    plan.Add(missing, StateWrite.Of(key, next, etag, MyPageJson.Default.IndexPage));
            }

            return plan;
        }
        catch
        {
            plan.Dispose();
            throw;
        }
    }

    /// <summary>Lists what a person has, the newest first.</summary>
    public async IAsyncEnumerable<Guid> NewestFirstAsync(string personId, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var head = (await state.GetAsync(HeadKey(personId), MyPageJson.Default.IndexPage, cancellationToken)).Value;
        if (head is null)
            yield break;
        // What came late and was then redelivered may be on two pages: see MissingAsync.
        var listed = new HashSet<Guid>();
        foreach (var id in head.Ids.Where(listed.Add))
            yield return id;
        // Most readers want the first; who goes on probably looks for something far back.
        for (int next = head.Number - 1, count = 1; next >= 0; next -= count, count = Math.Min(2 * count, MostPagesAtOnce))
        {
            var keys = Enumerable.Range(0, Math.Min(count, next + 1)).Select(n => PageKey(personId, next - n)).ToList();
            var pages = await state.GetManyAsync(keys, MyPageJson.Default.IndexPage, cancellationToken);
            foreach (var key in keys)
            {
                var page = pages.GetValueOrDefault(key).Value ?? throw new SidecarException($"State of {key}: it was written once and is missing.");
                foreach (var id in page.Ids.Where(listed.Add))
                    yield return id;
            }
        }
    }

    private async Task WriteAsync(string personId, IReadOnlyList<Guid> ids, CancellationToken cancellationToken)
    {
        var isMore = true;
        while (isMore)
            await state.ChangeAsync(HeadKey(personId), MyPageJson.Default.IndexPage, stored => NextAsync(stored), cancellationToken);

        async Task<IndexPage?> NextAsync(IndexPage? stored)
        {
            var head = stored ?? new IndexPage(0, []);
            var (missing, late) = await MissingAsync(personId, head, ids, cancellationToken);
            foreach (var (number, some) in late)
            {
                if (await TryInsertAsync(personId, number, some, cancellationToken))
                    missing.RemoveAll(some.Contains);
            }

            var isFull = head.Ids.Count == PageSize;
            var kept = isFull ? [] : head.Ids;
            isMore = missing.Count > PageSize - kept.Count;
            if (missing.Count == 0)
                return null;
            if (isFull)
                await state.TrySaveAsync(PageKey(personId, head.Number), head, etag: null, MyPageJson.Default.IndexPage, cancellationToken);
            return new IndexPage(isFull ? head.Number + 1 : head.Number, [.. kept.Concat(missing.Take(PageSize - kept.Count)).OrderDescending()]);
        }
    }

    // Which are not in the index, the oldest first: they fill its pages as if they had come one by one. Ids grow with time:
    // only one that is older than some in the head, or in a page, can be further back than that. Nearly always: a page of
    // nothing but what came late may hide that a redelivered one is further back. Those that came late go to the page, by its number,
    // that has what is next to them.
    private async Task<(List<Guid> Missing, Dictionary<int, List<Guid>> Late)> MissingAsync(
        string personId, IndexPage head, IReadOnlyList<Guid> ids, CancellationToken cancellationToken)
    {
        var (missing, late) = (ids.Except(head.Ids).Order().ToList(), new Dictionary<int, List<Guid>>());
        var older = missing.Where(id => head.Ids.Count > 0 && id < head.Ids[0]).ToList();
        for (var number = head.Number - 1; number >= 0 && older.Count > 0; number--)
        {
            var page = (await state.GetAsync(PageKey(personId, number), MyPageJson.Default.IndexPage, cancellationToken)).Value;
            if (page is null)
                return (missing, late);
            missing.RemoveAll(page.Ids.Contains);
            older.RemoveAll(page.Ids.Contains);
            TakeLate(number + 1, id => id > page.Ids[0]);
        }

        TakeLate(0, _ => true);
        return (missing, late);

        void TakeLate(int number, Predicate<Guid> belongs)
        {
            var some = older.FindAll(belongs);
            older.RemoveAll(belongs);
            // Those of the head are added as any other.
            if (some.Count > 0 && number < head.Number)
                late[number] = some;
        }
    }

    // Not where the page is long enough, or somebody else wrote it first.
    private async Task<bool> TryInsertAsync(string personId, int number, IReadOnlyList<Guid> ids, CancellationToken cancellationToken)
    {
        var key = PageKey(personId, number);
        var (page, etag) = await state.GetAsync(key, MyPageJson.Default.IndexPage, cancellationToken);
        if (page is null || page.Ids.Count + ids.Count > LongestPage)
            return false;
        var next = page with { Ids = [.. page.Ids.Union(ids).OrderDescending()] };
        return await state.TrySaveAsync(key, next, etag, MyPageJson.Default.IndexPage, cancellationToken);
    }

    private long StripeOf(string personId) => (uint)personId.GetHashCode(StringComparison.Ordinal) % _writing.Length;

    private string HeadKey(string personId) => $"{name}.{personId}";

    private string PageKey(string personId, int number) => $"{name}.{personId}.{number}";

    /// <summary>What adds ids to some heads, which are held until then.</summary>
    internal sealed class Addition : IDisposable
    {
        private readonly HashSet<Guid> _ids = [];
        private readonly List<SemaphoreSlim> _held = [];

        /// <summary>The heads.</summary>
        public List<StateWrite> Writes { get; } = [];

        /// <summary>Whether it adds this id.</summary>
        public bool Has(Guid id) => _ids.Contains(id);

        public void Hold(SemaphoreSlim writing) => _held.Add(writing);

        public void Add(IEnumerable<Guid> ids, StateWrite write)
        {
            _ids.UnionWith(ids);
            Writes.Add(write);
        }

        public void Dispose() => _held.ForEach(writing => writing.Release());
    }

    private sealed class Batch
    {
        public List<Guid> Ids { get; } = [];

        public bool IsWritten { get; set; }
    }
}
