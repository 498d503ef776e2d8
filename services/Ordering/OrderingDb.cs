using System.Diagnostics;
using System.Text.Json;
using Microsoft.EntityFrameworkCore.ChangeTracking;

namespace OrderMall.Ordering;

/// <summary>Orders.</summary>
internal sealed class OrderingDb(DbContextOptions<OrderingDb> options) : MallDb(options)
{
    public DbSet<Order> Orders => Set<Order>();

    /// <summary>Adds a new order, and remembers in whose trace: what the saga does later belongs to it too.</summary>
    public void Begin(Order order)
    {
        Orders.Add(order);
        Remember(order);
    }

    /// <summary>Saves an order together with the events it raised.</summary>
    /// <exception cref="DbUpdateConcurrencyException">The order was changed concurrently.</exception>
    public async Task SaveAsync(Order order, CancellationToken cancellationToken)
    {
        PublishEvents(order);
        await SaveChangesAsync(cancellationToken);
    }

    /// <summary>Leaves nothing of an attempt but the event by which others undo what they may have done for it.</summary>
    /// <exception cref="DbUpdateConcurrencyException">The order was changed concurrently.</exception>
    public async Task ForgetAsync(Order attempt, DateTimeOffset now, CancellationToken cancellationToken)
    {
        attempt.Void(OrderReasons.Refused, now, undo: true);
        Orders.Remove(attempt);
        await SaveAsync(attempt, cancellationToken);
    }

    /// <summary>How many units of an offer orders hold that wait for their payment. Until the transaction of this context ends, no other order of the offer begins to.</summary>
    public async Task<long> LockUnpaidAsync(Guid offerId, CancellationToken cancellationToken)
    {
        await Database.ExecuteSqlAsync($"SELECT pg_advisory_xact_lock(hashtextextended({offerId.ToString()}, 0))", cancellationToken);
        return await Orders.Where(order => order.OfferId == offerId && order.Status == OrderStatus.AwaitingPayment).SumAsync(order => (long)order.Quantity, cancellationToken);
    }

    /// <summary>Adds an order's events to what the next save publishes, and says in the trace where the order is.</summary>
    public void PublishEvents(Order order)
    {
        Activity.Current?.SetTag("mall.order.id", order.Id).SetTag("mall.order.status", order.Status.ToString()).SetTag("mall.order.reason", order.Reason);
        foreach (var (type, e) in order.TakeEvents())
            this.Publish(type, e);
    }

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        base.OnModelCreating(modelBuilder);
        modelBuilder.Entity<Order>(order =>
        {
            order.ToTable("orders");
            order.Property<string?>(TraceParent);
            order.Property(o => o.Version).IsConcurrencyToken();
            order.Property(o => o.Status).HasConversion<string>();
            order.Property(o => o.Fulfilment).HasConversion<string>();
            order.Property(o => o.CancelledFrom).HasConversion<string>();
            order.Property(o => o.Progress).HasConversion<string>();
            order.Property(o => o.Aim).HasConversion<string>();
            order.Property(o => o.History).HasColumnType("jsonb").HasConversion(
                history => JsonSerializer.Serialize(history, OrderingJson.Default.ListHistoryEntry),
                json => JsonSerializer.Deserialize(json, OrderingJson.Default.ListHistoryEntry)!,
                // The order replaces its list when it changes, so the reference tells.
                new ValueComparer<List<HistoryEntry>>((a, b) => ReferenceEquals(a, b), history => history.Count, history => history));
        });
    }
}
