namespace OrderMall.Catalog;

/// <summary>Offers and holds.</summary>
internal sealed class CatalogDb(DbContextOptions<CatalogDb> options) : MallDb(options)
{
    private const int FewOffers = 1000;

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
    /// The offers with its texts in the title and the place, whatever their case; all where it has none. Few of its kind, seller and day are looked up in
    /// the index of terms, and sorted then. Where there are many a page of them is soon full in whatever order they are read, and all of them would be dear to sort.
    /// </summary>
    public async Task<IQueryable<Offer>> WithTextsAsync(OfferSearch search, CancellationToken cancellationToken)
    {
        if (search is { Text: null, Place: null })
            return Offers;
        var many = await RowsAsync(
            $"""
             SELECT count(*) > {FewOffers} FROM (
                 SELECT FROM offer
                 WHERE NOT is_over AND offer_terms(kind, merchant_id, date, title, place, 1) @> offer_terms({search.Kind}, {search.MerchantId}, {search.Day}, {search.Text}, {search.Place}, 3)
                 LIMIT {FewOffers + 1}) AS found
             """,
            row => row.GetBoolean(0),
            cancellationToken) is [true];
        // OFFSET 0: as it stands, by that index, whatever the planner expects of an order that another index has.
        return many
            ? Offers.FromSql(
                $"""
                 SELECT * FROM offer
                 WHERE ({search.Text}::text IS NULL OR strpos(lower(title), lower({search.Text})) > 0) AND ({search.Place}::text IS NULL OR strpos(lower(place), lower({search.Place})) > 0)
                 """)
            : Offers.FromSql(
                $"""
                 SELECT * FROM offer
                 WHERE NOT is_over AND offer_terms(kind, merchant_id, date, title, place, 1) @> offer_terms({search.Kind}, {search.MerchantId}, {search.Day}, {search.Text}, {search.Place}, 3)
                   AND ({search.Text}::text IS NULL OR strpos(lower(title), lower({search.Text})) > 0) AND ({search.Place}::text IS NULL OR strpos(lower(place), lower({search.Place})) > 0)
                 OFFSET 0
                 """);
    }

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        base.OnModelCreating(modelBuilder);
        modelBuilder.Entity<Offer>(offer =>
        {
            offer.ToTable("offer");
            offer.Property(o => o.Prepayment).HasConversion<string>();
            offer.Property(o => o.Fulfilment).HasConversion<string>();
        });
        Seller.Map(modelBuilder);
        modelBuilder.Entity<Hold>(hold =>
        {
            hold.ToTable("hold").HasKey(h => h.OrderId);
        });
    }
}
