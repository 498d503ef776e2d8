namespace OrderMall.Catalog;

/// <summary>Offers and holds.</summary>
internal sealed class CatalogDb(DbContextOptions<CatalogDb> options) : MallDb(options)
{
    public DbSet<Offer> Offers => Set<Offer>();

    public DbSet<Hold> Holds => Set<Hold>();

    /// <summary>Adds a new offer, and its event to what the next save publishes.</summary>
    public void PutOnSale(Offer offer)
    {
        Offers.Add(offer);
        this.Publish(OfferEvent.Registered, offer.ToEvent());
    }

    /// <summary>The offers with a text in the title, whatever its case. The index finds texts of up to three characters; a longer one is many of those.</summary>
    public IQueryable<Offer> WithTitle(string text) => Offers.FromSql(
        $"""
         SELECT * FROM offer
         WHERE CASE WHEN NOT is_over THEN title_grams(title, 1) END @> title_grams({text}, least(length({text}), 3))
           AND strpos(lower(title), lower({text})) > 0
         """);

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        base.OnModelCreating(modelBuilder);
        modelBuilder.Entity<Offer>(offer =>
        {
            offer.ToTable("offer");
            offer.Property(o => o.Prepayment).HasConversion<string>();
            offer.Property(o => o.Fulfilment).HasConversion<string>();
        });
        modelBuilder.Entity<Hold>(hold =>
        {
            hold.ToTable("hold").HasKey(h => h.OrderId);
        });
    }
}
