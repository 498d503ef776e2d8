namespace OrderMall.Payment;

/// <summary>Payments.</summary>
internal sealed class PaymentDb(DbContextOptions<PaymentDb> options) : MallDb(options)
{
    public DbSet<Payment> Payments => Set<Payment>();

    /// <summary>Adds a new payment, and remembers in whose trace: what is settled later belongs to it too.</summary>
    public void Begin(Payment payment)
    {
        Payments.Add(payment);
        Remember(payment);
    }

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        base.OnModelCreating(modelBuilder);
        modelBuilder.Entity<Payment>(payment =>
        {
            payment.ToTable("payment").HasKey(p => p.OrderId);
            payment.Property<string?>(TraceParent);
            payment.Property(p => p.Status).HasConversion<string>();
            payment.Property(p => p.Version).IsConcurrencyToken();
        });
    }
}
