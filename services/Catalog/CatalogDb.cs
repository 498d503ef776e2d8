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

    /// <summary>Takes an offer off sale, and adds its event to what the next save publishes.</summary>
    public void TakeOffSale(Offer offer, DateTimeOffset now)
    {
        offer.TakeOffSale(now);
        this.Publish(OfferEvent.Withdrawn, offer.ToEvent());
    }

    /// <summary>An offer to be changed, locked until the transaction of this context ends: holds change the same row.</summary>
    public Task<Offer?> LockAsync(Guid id, CancellationToken cancellationToken) =>
        Offers.FromSql($"SELECT * FROM offer WHERE id = {id} FOR UPDATE").SingleOrDefaultAsync(cancellationToken);

    /// <summary>
    /// The offers with a text in the title and one in the place, whatever their case; <see langword="null"/> is any. The indexes find texts of up to
    /// three characters; a longer one is many of those.
    /// </summary>
    public IQueryable<Offer> WithTexts(string? title, string? place) => (title, place) switch
    {
        (null, null) => Offers,
        (_, null) => Offers.FromSql(
            $"""
             SELECT * FROM offer
             WHERE CASE WHEN NOT is_over THEN title_grams(title, 1) END @> title_grams({title}, least(length({title}), 3))
               AND strpos(lower(title), lower({title})) > 0
             """),
        (null, _) => Offers.FromSql(
            $"""
             SELECT * FROM offer
             WHERE CASE WHEN NOT is_over THEN title_grams(title || E'\n' || coalesce(place, ''), 1) END @> title_grams({place}, least(length({place}), 3))
               AND strpos(lower(place), lower({place})) > 0
             """),
        _ => Offers.FromSql(
            $"""
             SELECT * FROM offer
             WHERE CASE WHEN NOT is_over THEN title_grams(title || E'\n' || coalesce(place, ''), 1) END
                   @> (title_grams({title}, least(length({title}), 3)) || title_grams({place}, least(length({place}), 3)))
               AND strpos(lower(title), lower({title})) > 0 AND strpos(lower(place), lower({place})) > 0
             """),
    };

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
