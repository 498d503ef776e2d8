using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;

namespace OrderMall.ServiceDefaults.Database;

/// <summary>Says within a service that a change was committed: what waits for such changes looks sooner. Who commits without EF says so by <see cref="Raise"/>.</summary>
public sealed class CommitSignal : SaveChangesInterceptor, IDbTransactionInterceptor, IDisposable
{
    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _events = new(0, 1);

    /// <summary>Raised after each commit, by whoever committed.</summary>
    internal event Action? Committed;

    /// <inheritdoc/>
    public override ValueTask<int> SavedChangesAsync(SaveChangesCompletedEventData eventData, int result, CancellationToken cancellationToken = default)
    {
        // Inside a transaction nobody else sees the change before that is committed.
        if (eventData.Context is { Database.CurrentTransaction: null })
            AfterCommit(eventData.Context);
        return ValueTask.FromResult(result);
    }

    /// <inheritdoc/>
    // A save's own transaction commits before the save is done: its events are signalled then.
    public Task TransactionCommittedAsync(DbTransaction transaction, TransactionEndEventData eventData, CancellationToken cancellationToken = default)
    {
        AfterCommit(eventData.Context);
        return Task.CompletedTask;
    }

    /// <summary>Waits until events were committed that are to be published, or for the time limit.</summary>
    internal Task WaitForEventsAsync(TimeSpan limit, CancellationToken cancellationToken) => _events.WaitAsync(limit, cancellationToken);

    /// <summary>A change was committed.</summary>
    public void Raise() => Committed?.Invoke();

    /// <inheritdoc/>
    public void Dispose() => _events.Dispose();

    private void AfterCommit(DbContext? context)
    {
        Raise();
        if (context is not MallDb { HasSavedEvents: true } db)
            return;
        db.HasSavedEvents = false;
        lock (_lock)
        {
            if (_events.CurrentCount == 0)
                _events.Release();
        }
    }
}
