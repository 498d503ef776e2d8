using Microsoft.EntityFrameworkCore;
using OrderMall.Contracts;
using OrderMall.ServiceDefaults.Database;

namespace OrderMall.Store;

/// <summary>The store's database.</summary>
internal sealed class StoreDb(DbContextOptions<StoreDb> options) : MallDb(options)
{
    public DbSet<StoreOrder> Orders => Set<StoreOrder>();

    /// <summary>Publishes what happened to an order, with the order's change.</summary>
    public void Publish(string type, StoreOrder order, DateTimeOffset at, string? reason = null) =>
        Publish(
            Topics.Store,
            type,
            order.OrderId,
            new StoreEvent(
                order.OrderId,
                order.Version,
                at,
                order.MerchantId,
                order.CustomerId,
                order.Title,
                order.Quantity,
                order.Fulfilment,
                order.Destination,
                order.Date,
                reason),
            ContractsJson.Default.StoreEvent,
            at);

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        base.OnModelCreating(modelBuilder);
        modelBuilder.Entity<StoreOrder>(order =>
        {
            order.ToTable("store_order").HasKey(o => o.OrderId);
            order.Property(o => o.OrderId).ValueGeneratedNever();
            order.Property(o => o.Version).IsConcurrencyToken();
            order.Property(o => o.Status).HasConversion<string>();
            order.Property(o => o.StatusBefore).HasConversion<string>();
            order.Property(o => o.Fulfilment).HasConversion<string>();
        });
    }
}
