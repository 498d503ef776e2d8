using System.Runtime.CompilerServices;
using OrderMall.ServiceDefaults.Sidecar;

namespace OrderMall.MyPage;

/// <summary>Some of a customer's orders, the newest first.</summary>
/// <param name="Number">Grows with each full page.</param>
/// <param name="OrderIds">At most <see cref="OrderIndex.PageSize"/>.</param>
internal sealed record IndexPage(int Number, IReadOnlyList<Guid> OrderIds);

/// <summary>
/// The orders of each customer in pages of bounded size: the newest in the head, which is written to its own key once
/// it is full and then replaced. A full head never changes, so that it does not matter how often a page is written.
/// </summary>
internal sealed class OrderIndex(IStateStore state)
{
    public const int PageSize = 50;
    private const int MostPagesAtOnce = 16;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Batch> _open = [];
    private readonly SemaphoreSlim[] _writing = [.. Enumerable.Range(0, 64).Select(_ => new SemaphoreSlim(1))];

    /// <summary>
    /// Adds an order; nothing happens when it is there. Orders of one customer that come while one is written are
    /// written together: otherwise they would only be in each other's way.
    /// </summary>
    public async Task AddAsync(string customerId, Guid orderId, CancellationToken cancellationToken)
    {
        Batch? batch;
        lock (_lock)
        {
            if (!_open.TryGetValue(customerId, out batch))
                _open[customerId] = batch = new Batch();
            batch.OrderIds.Add(orderId);
        }

        var writing = _writing[(uint)customerId.GetHashCode(StringComparison.Ordinal) % _writing.Length];
        await writing.WaitAsync(cancellationToken);
        try
        {
            lock (_lock)
            {
                if (_open.GetValueOrDefault(customerId) == batch)
                    _open.Remove(customerId);
            }

            // Whoever of the batch was first wrote it for all, unless that failed.
            if (batch.IsWritten)
                return;
            await WriteAsync(customerId, batch.OrderIds, cancellationToken);
            batch.IsWritten = true;
        }
        finally
        {
            writing.Release();
        }
    }

    /// <summary>Lists a customer's orders, the newest first.</summary>
    public async IAsyncEnumerable<Guid> NewestFirstAsync(string customerId, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var head = (await state.GetAsync(HeadKey(customerId), MyPageJson.Default.IndexPage, cancellationToken)).Value;
        if (head is null)
            yield break;
        foreach (var orderId in head.OrderIds)
            yield return orderId;
        // Most readers want the first; who goes on probably looks for something far back.
        for (int next = head.Number - 1, count = 1; next >= 0; next -= count, count = Math.Min(2 * count, MostPagesAtOnce))
        {
            var keys = Enumerable.Range(0, Math.Min(count, next + 1)).Select(n => PageKey(customerId, next - n)).ToList();
            var pages = await state.GetManyAsync(keys, MyPageJson.Default.IndexPage, cancellationToken);
            foreach (var key in keys)
            {
                var page = pages.GetValueOrDefault(key) ?? throw new SidecarException($"State of {key}: it was written once and is missing.");
                foreach (var orderId in page.OrderIds)
                    yield return orderId;
            }
        }
    }

    private async Task WriteAsync(string customerId, IReadOnlyList<Guid> orderIds, CancellationToken cancellationToken)
    {
        var key = HeadKey(customerId);
        var conflicts = new Conflicts(key);
        while (true)
        {
            var (stored, etag) = await state.GetAsync(key, MyPageJson.Default.IndexPage, cancellationToken);
            var head = stored ?? new IndexPage(0, []);
            var missing = await MissingAsync(customerId, head, orderIds, cancellationToken);
            if (missing.Count == 0)
                return;
            var isFull = head.OrderIds.Count == PageSize;
            if (isFull)
                await state.TrySaveAsync(PageKey(customerId, head.Number), head, etag: null, MyPageJson.Default.IndexPage, cancellationToken);
            var kept = isFull ? [] : head.OrderIds;
            var added = missing.Take(PageSize - kept.Count).ToList();
            var next = new IndexPage(isFull ? head.Number + 1 : head.Number, [.. kept.Concat(added).OrderDescending()]);
            if (!await state.TrySaveAsync(key, next, etag, MyPageJson.Default.IndexPage, cancellationToken))
                await conflicts.WaitAsync(cancellationToken);
            else if (added.Count == missing.Count)
                return;
        }
    }

    // Which are not in the index. Ids grow with time: only one that is older than some in the head can be further back.
    private async Task<List<Guid>> MissingAsync(string customerId, IndexPage head, IReadOnlyList<Guid> orderIds, CancellationToken cancellationToken)
    {
        var missing = orderIds.Except(head.OrderIds).OrderDescending().ToList();
        var older = missing.Where(orderId => head.OrderIds.Count > 0 && orderId < head.OrderIds[0]).ToList();
        for (var number = head.Number - 1; number >= 0 && older.Count > 0; number--)
        {
            var page = (await state.GetAsync(PageKey(customerId, number), MyPageJson.Default.IndexPage, cancellationToken)).Value;
            if (page is null)
                break;
            missing.RemoveAll(page.OrderIds.Contains);
            older.RemoveAll(orderId => orderId > page.OrderIds[^1] || page.OrderIds.Contains(orderId));
        }

        return missing;
    }

    private static string HeadKey(string customerId) => $"orders.{customerId}";

    private static string PageKey(string customerId, int number) => $"orders.{customerId}.{number}";

    private sealed class Batch
    {
        public List<Guid> OrderIds { get; } = [];

        public bool IsWritten { get; set; }
    }
}
