namespace OrderMall.Delivery;

/// <summary>The delivery's database.</summary>
internal sealed class DeliveryDb(DbContextOptions<DeliveryDb> options) : MallDb(options)
{
    public DbSet<Parcel> Parcels => Set<Parcel>();

    /// <summary>Publishes what happened to a parcel, with the parcel's change.</summary>
    public void Publish(string type, Parcel parcel, DateTimeOffset at) =>
        this.Publish(type, new ParcelEvent(parcel.OrderId, parcel.Version, at));

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        base.OnModelCreating(modelBuilder);
        modelBuilder.Entity<Parcel>(parcel =>
        {
            parcel.ToTable("parcel").HasKey(p => p.OrderId);
            parcel.Property(p => p.OrderId).ValueGeneratedNever();
            parcel.Property(p => p.Version).IsConcurrencyToken();
            parcel.Property(p => p.Status).HasConversion<string>();
        });
    }
}
