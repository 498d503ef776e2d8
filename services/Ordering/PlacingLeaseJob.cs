using System.Collections.Concurrent;
using Npgsql;

namespace OrderMall.Ordering;

/// <summary>
/// Renews the leases of the orders that this instance is placing, all in one statement a second: so that who asks again with the same key
/// can tell an instance that is slow from one that died (<see cref="Order.IsAbandoned"/>).
/// </summary>
internal sealed partial class PlacingLeaseJob(IServiceScopeFactory scopes, TimeProvider time, ILogger<PlacingLeaseJob> logger) : BackgroundService
{
    // Two may fail before a lease is taken for abandoned.
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan TimeLimit = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<Guid, long> _held = new();

    /// <summary>Renews the lease of an order until it is disposed of, unless somebody takes the order over.</summary>
    public Held Hold(Order order)
    {
        _held[order.Id] = order.Version;
        return new Held(this, order.Id);
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (true)
        {
            await Task.Delay(Interval, time, stoppingToken);
            if (!_held.IsEmpty)
                await RenewAsync(stoppingToken);
        }
    }

    private async Task RenewAsync(CancellationToken stoppingToken)
    {
        var held = _held.ToArray();
        await using var scope = scopes.CreateAsyncScope();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
        limit.CancelAfter(TimeLimit);
        try
        {
            // Whoever has a row locked is saving its outcome: that is not to be waited for.
            await scope.ServiceProvider.GetRequiredService<OrderingDb>().Database.ExecuteSqlAsync(
                $"""
                 UPDATE orders SET due_at = {time.Now() + Order.Lease}
                 WHERE id = ANY (ARRAY(
                     SELECT orders.id FROM orders
                     JOIN unnest({held.Select(order => order.Key).ToArray()}, {held.Select(order => order.Value).ToArray()}) AS held (id, version) USING (id, version)
                     WHERE status = 'Pending' FOR UPDATE OF orders SKIP LOCKED))
                 """,
                limit.Token);
        }
        catch (Exception e) when (e is NpgsqlException or TimeoutException || DatabaseFailure.IsTransient(e) || (e is OperationCanceledException && !stoppingToken.IsCancellationRequested))
        {
            // An order that is taken over meanwhile is saved by who took it, and by nobody else.
            LogNotRenewed(e.Message);
            DatabaseFailure.EvictPools(e, scope.ServiceProvider);
        }
    }

    [LoggerMessage(LogLevel.Warning, "The leases of orders that are being placed could not be renewed: {Reason}")]
    private partial void LogNotRenewed(string reason);

    /// <summary>An order whose lease is being renewed.</summary>
    internal readonly struct Held(PlacingLeaseJob leases, Guid id) : IDisposable
    {
        public void Dispose() => leases._held.TryRemove(id, out _);
    }
}
