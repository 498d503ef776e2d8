using System.Text.Json;
using Microsoft.EntityFrameworkCore.ChangeTracking;

namespace OrderMall.Store;

/// <summary>The store's database.</summary>
internal sealed class StoreDb(DbContextOptions<StoreDb> options) : MallDb(options)
{
    public DbSet<StoreOrder> Orders => Set<StoreOrder>();

    public DbSet<Review> Reviews => Set<Review>();

    /// <summary>Publishes what happened to an order, with the order's change.</summary>
    public void Publish(string type, StoreOrder order, DateTimeOffset at) =>
        this.Publish(type, new StoreEvent(
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
                type == StoreEvent.OrderRejected ? order.Reason : null,
                order.Place,
                // Whoever is sent there has to find and reach them; nobody else has.
                SendsSomebody(type, order) ? order.CustomerName : null,
                SendsSomebody(type, order) ? order.Phone : null));

    /// <summary>Publishes what happened to a review, with the review's change.</summary>
    public void Publish(string type, Review review, DateTimeOffset at) =>
        this.Publish(type, new ReviewEvent(review.TitleId, review.Version, at, review.Reason));

    private static bool SendsSomebody(string type, StoreOrder order) =>
        type == StoreEvent.OrderReceived && order.Fulfilment == Fulfilment.Assignment;

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
            order.Property(o => o.History).HasColumnType("jsonb").HasConversion(
                history => JsonSerializer.Serialize(history, StoreJson.Default.ListStoreStatusView),
                json => JsonSerializer.Deserialize(json, StoreJson.Default.ListStoreStatusView)!,
                // The order replaces its list when it changes, so the reference tells.
                new ValueComparer<List<StoreStatusView>>((a, b) => ReferenceEquals(a, b), history => history.Count, history => history));
        });
        modelBuilder.Entity<Review>(review =>
        {
            review.ToTable("review").HasKey(r => r.TitleId);
            review.Property(r => r.TitleId).ValueGeneratedNever();
            review.Property(r => r.Version).IsConcurrencyToken();
            review.Property(r => r.Status).HasConversion<string>();
        });
    }
}
