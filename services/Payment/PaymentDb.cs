using System.Diagnostics;
using Microsoft.EntityFrameworkCore;
using OrderMall.ServiceDefaults.Database;

namespace OrderMall.Payment;

/// <summary>Payments.</summary>
internal sealed class PaymentDb(DbContextOptions<PaymentDb> options) : MallDb(options)
{
    private const string TraceParent = nameof(TraceParent);

    public DbSet<Payment> Payments => Set<Payment>();

    /// <summary>Adds a new payment, and remembers in whose trace: what is settled later belongs to it too.</summary>
    public void Begin(Payment payment) => Payments.Add(payment).Property<string?>(TraceParent).CurrentValue = Activity.Current?.Id;

    /// <summary>The trace context in which a payment was begun, if there was one.</summary>
    public string? TraceParentOf(Payment payment) => Entry(payment).Property<string?>(TraceParent).CurrentValue;

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        base.OnModelCreating(modelBuilder);
        modelBuilder.Entity<Payment>(payment =>
        {
            payment.ToTable("payment").HasKey(p => p.OrderId);
            payment.Property<string?>(TraceParent);
            payment.Property(p => p.Amount).HasPrecision(18, 2);
            payment.Property(p => p.Status).HasConversion<string>();
            payment.Property(p => p.Version).IsConcurrencyToken();
        });
    }
}
