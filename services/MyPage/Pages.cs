namespace OrderMall.MyPage;

/// <summary>What people have of one sort in the state store: one key for each, and the index that lists them.</summary>
internal sealed class Pages<TPage, TEvent>(StateStore state, Listeners listeners) : INewest
    where TPage : class, IPage<TPage, TEvent>
{
    // Each is a handful of calls to the store, which people wait for too.
    private const int PutAtOnce = 8;

    private readonly PageIndex _index = new(state, $"{TPage.Sort}s");

    /// <summary>Brings pages up to date. Applying an event again changes nothing.</summary>
    public async Task ApplyAsync(IEnumerable<CloudEvent<TEvent>> events, CancellationToken cancellationToken)
    {
        // What happened to one of them is written at once.
        var news = new Dictionary<Guid, (TPage Page, bool IsUsuallyFirst)>();
        foreach (var e in events.Select(each => each.Data))
        {
            var (page, isUsuallyFirst) = (TPage.Begin(e), TPage.IsUsuallyFirst(e));
            news[page.Id] = news.TryGetValue(page.Id, out var known) ? (known.Page.With(page) ?? known.Page, known.IsUsuallyFirst || isUsuallyFirst) : (page, isUsuallyFirst);
        }

        await Parallel.ForEachAsync(await PutTogetherAsync([.. news.Values], cancellationToken), AtOnce(cancellationToken), async (item, token) =>
        {
            if (await PutAsync(item.Page, item.IsUsuallyFirst, isIndexed: false, token) is { } changed)
                listeners.Tell(changed);
        });
    }

    /// <summary>
    /// Writes in one call what is as usual: pages that begin and find room in the index, and pages that are there and learn something. Where somebody
    /// else was first the store may have written some of it, which does not matter: each is then put by itself, its place in the index before it.
    /// </summary>
    /// <returns>What is not written.</returns>
    private async Task<IReadOnlyCollection<(TPage Page, bool IsUsuallyFirst)>> PutTogetherAsync(
        IReadOnlyCollection<(TPage Page, bool IsUsuallyFirst)> news, CancellationToken cancellationToken)
    {
        var stored = await state.GetManyAsync([.. news.Where(item => !item.IsUsuallyFirst).Select(item => Key(item.Page.Id))], TPage.Json, cancellationToken);
        using var index = await _index.PlanAsync(news.Where(item => item.IsUsuallyFirst).ToLookup(item => item.Page.PersonId, item => item.Page.Id), cancellationToken);
        var (writes, changed, left) = (index.Writes, new List<TPage>(), new List<(TPage, bool)>());
        foreach (var item in news)
        {
            var key = Key(item.Page.Id);
            if (index.Has(item.Page.Id))
                Write(item.Page, etag: null);
            else if (item.IsUsuallyFirst || stored.GetValueOrDefault(key) is not { Value: { } known, ETag: var etag })
                left.Add(item);
            else if (known.With(item.Page) is { } next)
                Write(next, etag);

            void Write(TPage page, string? etag)
            {
                changed.Add(page);
                writes.Add(StateWrite.Of(key, page, etag, TPage.Json));
            }
        }

        if (!await state.TrySaveManyAsync(writes, cancellationToken))
            return news;
        changed.ForEach(listeners.Tell);
        return left;
    }

    /// <summary>
    /// Makes pages again, and their places in the index. What is there is kept and completed: events may come meanwhile, and other replicas
    /// may do the same.
    /// </summary>
    public Task RestoreAsync(IEnumerable<TPage> pages, CancellationToken cancellationToken) => Parallel.ForEachAsync(
        pages, AtOnce(cancellationToken), async (page, token) =>
        {
            await _index.AddAsync(page.PersonId, page.Id, token);
            await PutAsync(page, isUsuallyFirst: true, isIndexed: true, token);
        });

    private static ParallelOptions AtOnce(CancellationToken cancellationToken) => new() { MaxDegreeOfParallelism = PutAtOnce, CancellationToken = cancellationToken };

    // The page as it is then; null when nothing changes.
    private async Task<TPage?> PutAsync(TPage news, bool isUsuallyFirst, bool isIndexed, CancellationToken cancellationToken)
    {
        var key = Key(news.Id);
        // Usually the first event is the first to come: then there is nothing to read.
        if (isUsuallyFirst && await state.TrySaveAsync(key, await BeginAsync(), etag: null, TPage.Json, cancellationToken))
            return news;
        return await state.ChangeAsync(key, TPage.Json, async stored => stored is null ? await BeginAsync() : stored.With(news), cancellationToken);

        async Task<TPage> BeginAsync()
        {
            // The index first: a page that exists is listed, whenever we crash.
            if (!isIndexed)
                await _index.AddAsync(news.PersonId, news.Id, cancellationToken);
            return news;
        }
    }

    /// <summary>Reads pages, in the order asked for. Those that are indexed but not written yet are left out.</summary>
    public async Task<List<TPage>> GetAsync(IReadOnlyCollection<Guid> ids, CancellationToken cancellationToken)
    {
        var found = await state.GetManyAsync([.. ids.Select(Key)], TPage.Json, cancellationToken);
        return [.. ids.Select(id => found.GetValueOrDefault(Key(id)).Value).OfType<TPage>()];
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<IStreamed>> GetNewestAsync(string personId, int count, CancellationToken cancellationToken)
    {
        var ids = await _index.NewestFirstAsync(personId, cancellationToken).Take(count).ToListAsync(cancellationToken);
        return ids.Count == 0 ? [] : await GetAsync(ids, cancellationToken);
    }

    /// <summary>Lists what a person has, the newest first.</summary>
    /// <returns><see langword="null"/> when the cursor is not of this list.</returns>
    public async Task<Page<TView>?> ListAsync<TView>(PageRequest page, string personId, Func<TPage, TView> view, CancellationToken cancellationToken)
    {
        var ids = new List<Guid>();
        var isThere = page.After is null;
        await foreach (var id in _index.NewestFirstAsync(personId, cancellationToken))
        {
            if (isThere)
                ids.Add(id);
            else
                isThere = id == page.After;
            if (ids.Count > page.Limit)
                break;
        }

        if (!isThere)
            return null;
        var (items, next) = page.ToPage(ids, id => id);
        return new Page<TView>([.. (await GetAsync(items, cancellationToken)).Select(view)], next);
    }

    private static string Key(Guid id) => $"{TPage.Sort}.{id}";
}
