using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;

namespace OrderMall.ServiceDefaults.Messaging;

/// <summary>Wakes the publisher the moment a change with events was committed.</summary>
internal sealed class OutboxSignal : SaveChangesInterceptor, IDbTransactionInterceptor, IDisposable
{
    private readonly SemaphoreSlim _waiting = new(0, 1);

    public override int SavedChanges(SaveChangesCompletedEventData eventData, int result)
    {
        AfterSave(eventData.Context);
        return result;
    }

    public override ValueTask<int> SavedChangesAsync(SaveChangesCompletedEventData eventData, int result, CancellationToken cancellationToken = default)
    {
        AfterSave(eventData.Context);
        return ValueTask.FromResult(result);
    }

    public void TransactionCommitted(DbTransaction transaction, TransactionEndEventData eventData) => AfterCommit(eventData.Context);

    public Task TransactionCommittedAsync(DbTransaction transaction, TransactionEndEventData eventData, CancellationToken cancellationToken = default)
    {
        AfterCommit(eventData.Context);
        return Task.CompletedTask;
    }

    /// <summary>Waits for the next signal, or for the time limit.</summary>
    public Task WaitAsync(TimeSpan limit, CancellationToken cancellationToken) => _waiting.WaitAsync(limit, cancellationToken);

    /// <summary>Says that there is something to publish.</summary>
    public void Set()
    {
        try
        {
            if (_waiting.CurrentCount == 0)
                _waiting.Release();
        }
        catch (SemaphoreFullException)
        {
            // Somebody else signalled in between: one signal is enough.
        }
    }

    public void Dispose() => _waiting.Dispose();

    private void AfterSave(DbContext? context)
    {
        // Inside a transaction nobody else sees the events before it is committed.
        if (context is { Database.CurrentTransaction: null } && HasMessages(context))
            Set();
    }

    private void AfterCommit(DbContext? context)
    {
        // A save's own transaction commits before the save is done: that is signalled then.
        if (context is not null && HasMessages(context))
            Set();
    }

    // All are saved, so that nothing need be looked for in the other rows.
    private static bool HasMessages(DbContext context)
    {
        var tracker = context.ChangeTracker;
        var detects = tracker.AutoDetectChangesEnabled;
        tracker.AutoDetectChangesEnabled = false;
        var has = tracker.Entries<OutboxMessage>().Any(entry => entry.State == EntityState.Unchanged);
        tracker.AutoDetectChangesEnabled = detects;
        return has;
    }
}
