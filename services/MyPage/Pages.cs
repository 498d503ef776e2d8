using OrderMall.ServiceDefaults.Api;
using OrderMall.ServiceDefaults.Dapr;

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
    private readonly PageIndex _index = new(state, $"{TPage.Sort}s");

    /// <summary>Brings a page up to date. Applying an event again changes nothing.</summary>
    public async Task ApplyAsync(TEvent e, CancellationToken cancellationToken)
    {
        var key = Key(TPage.IdOf(e));
        // Usually the first event is the first to come: then there is nothing to read.
        if (TPage.IsUsuallyFirst(e) && await TryBeginAsync(key, e, cancellationToken))
            return;
        for (var conflicts = new Conflicts(key); ; await conflicts.WaitAsync(cancellationToken))
        {
            var (stored, etag) = await state.GetAsync(key, TPage.Json, cancellationToken);
            if (stored is null)
            {
                if (await TryBeginAsync(key, e, cancellationToken))
                    return;
                continue;
            }

            if (stored.With(e) is not { } page)
                return;
            if (await state.TrySaveAsync(key, page, etag, TPage.Json, cancellationToken))
            {
                listeners.Tell(page);
                return;
            }
        }
    }

    private async Task<bool> TryBeginAsync(string key, TEvent e, CancellationToken cancellationToken)
    {
        var page = TPage.Begin(e);
        // The index first: a page that exists is listed, whenever we crash.
        await _index.AddAsync(page.PersonId, page.Id, cancellationToken);
        if (!await state.TrySaveAsync(key, page, etag: null, TPage.Json, cancellationToken))
            return false;
        listeners.Tell(page);
        return true;
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
