namespace OrderMall.Publishing;

/// <summary>Publishers' registrations of new titles.</summary>
internal sealed class PublishingDb(DbContextOptions<PublishingDb> options) : MallDb(options)
{
    public DbSet<Registration> Registrations => Set<Registration>();

    /// <summary>Adds a registration's events to what the next save publishes.</summary>
    public void PublishEvents(Registration registration)
    {
        foreach (var (type, e) in registration.TakeEvents())
            this.Publish(type, e);
    }

    /// <summary>The product team has what was an attempt until now. Saving fails where it was voided or decided on first.</summary>
    public void TakeIn(Registration attempt, DateTimeOffset now)
    {
        attempt.TakeIn(now);
        PublishEvents(attempt);
    }

    /// <summary>Leaves nothing of an attempt but the event by which others forget it too.</summary>
    /// <exception cref="DbUpdateConcurrencyException">It was voided or decided on first.</exception>
    public async Task VoidAsync(Registration attempt, DateTimeOffset now, CancellationToken cancellationToken)
    {
        attempt.Void(now);
        PublishEvents(attempt);
        Registrations.Remove(attempt);
        await SaveChangesAsync(cancellationToken);
    }

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        base.OnModelCreating(modelBuilder);
        Seller.Map(modelBuilder);
        modelBuilder.Entity<Registration>(registration =>
        {
            registration.ToTable("registration");
            registration.Property(r => r.Status).HasConversion<string>();
            registration.Property(r => r.Version).IsConcurrencyToken();
        });
    }
}
