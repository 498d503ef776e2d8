namespace OrderMall.MyPage;

/// <summary>Finds what is newest on people's pages.</summary>
internal interface INewest
{
    /// <summary>Reads the newest of a person, of one sort.</summary>
    Task<IReadOnlyList<IPage>> GetNewestAsync(string personId, int count, CancellationToken cancellationToken);
}

/// <summary>What people have of one sort in the state store: one key for each, and the index that lists them.</summary>
internal sealed class Pages<TPage, TEvent>(StateStore state, Listeners listeners) : INewest
    where TPage : class, IPage<TPage, TEvent>
{
    // Each is a handful of calls to the store, which people wait for too.
    private const int RestoredAtOnce = 8;

    private readonly PageIndex _index = new(state, $"{TPage.Sort}s");

    /// <summary>Brings a page up to date. Applying an event again changes nothing.</summary>
    public async Task ApplyAsync(TEvent e, CancellationToken cancellationToken)
    {
        if (await PutAsync(TPage.Begin(e), TPage.IsUsuallyFirst(e), isIndexed: false, cancellationToken) is { } changed)
            listeners.Tell(changed);
    }

    /// <summary>
    /// Makes pages again, and their places in the index. What is there is kept and completed: events may come meanwhile, and other replicas
    /// may do the same.
    /// </summary>
    public Task RestoreAsync(IEnumerable<TPage> pages, CancellationToken cancellationToken) => Parallel.ForEachAsync(
        pages, new ParallelOptions { MaxDegreeOfParallelism = RestoredAtOnce, CancellationToken = cancellationToken }, async (page, token) =>
        {
            await _index.AddAsync(page.PersonId, page.Id, token);
            await PutAsync(page, isUsuallyFirst: true, isIndexed: true, token);
        });

    // The page as it is then; null when nothing changes.
    private async Task<TPage?> PutAsync(TPage news, bool isUsuallyFirst, bool isIndexed, CancellationToken cancellationToken)
    {
        var key = Key(news.Id);
        // Usually the first event is the first to come: then there is nothing to read.
        if (isUsuallyFirst && await TryBeginAsync(key, news, isIndexed, cancellationToken))
            return news;
        for (var conflicts = new Conflicts(key); ; await conflicts.WaitAsync(cancellationToken))
        {
            var (stored, etag) = await state.GetAsync(key, TPage.Json, cancellationToken);
            if (stored is null)
            {
                if (await TryBeginAsync(key, news, isIndexed, cancellationToken))
                    return news;
                continue;
            }

            if (stored.With(news) is not { } page)
                return null;
            if (await state.TrySaveAsync(key, page, etag, TPage.Json, cancellationToken))
                return page;
        }
    }

    private async Task<bool> TryBeginAsync(string key, TPage page, bool isIndexed, CancellationToken cancellationToken)
    {
        // The index first: a page that exists is listed, whenever we crash.
        if (!isIndexed)
            await _index.AddAsync(page.PersonId, page.Id, cancellationToken);
        return await state.TrySaveAsync(key, page, etag: null, TPage.Json, cancellationToken);
    }

    /// <summary>Reads pages, in the order asked for. Those that are indexed but not written yet are left out.</summary>
    public async Task<List<TPage>> GetAsync(IReadOnlyCollection<Guid> ids, CancellationToken cancellationToken)
    {
        var found = await state.GetManyAsync([.. ids.Select(Key)], TPage.Json, cancellationToken);
        return [.. ids.Select(id => found.GetValueOrDefault(Key(id))).OfType<TPage>()];
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<IPage>> GetNewestAsync(string personId, int count, CancellationToken cancellationToken)
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
