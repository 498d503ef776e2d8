using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;

namespace OrderMall.ServiceDefaults.Messaging;

/// <summary>Wakes the publisher the moment a change with events was saved.</summary>
internal sealed class OutboxSignal : SaveChangesInterceptor, IDisposable
{
    private readonly SemaphoreSlim _waiting = new(0, 1);

    public override int SavedChanges(SaveChangesCompletedEventData eventData, int result)
    {
        SetIfPublishing(eventData.Context);
        return result;
    }

    public override ValueTask<int> SavedChangesAsync(SaveChangesCompletedEventData eventData, int result, CancellationToken cancellationToken = default)
    {
        SetIfPublishing(eventData.Context);
        return ValueTask.FromResult(result);
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

    private void SetIfPublishing(DbContext? context)
    {
        // Inside an outer transaction this is early; the publisher then finds the rows at its next look.
        if (context?.ChangeTracker.Entries<OutboxMessage>().Any() == true)
            Set();
    }
}
