namespace OrderMall.Notification;

/// <summary>The notification service's database.</summary>
internal sealed class NotificationDb(DbContextOptions<NotificationDb> options) : MallDb(options)
{
    public DbSet<StoredMessage> Messages => Set<StoredMessage>();

    public DbSet<Interest> Interests => Set<Interest>();

    public DbSet<Announcement> Announcements => Set<Announcement>();

    public DbSet<Reader> Readers => Set<Reader>();

    public DbSet<Person> People => Set<Person>();

    public DbSet<Email> Emails => Set<Email>();

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        base.OnModelCreating(modelBuilder);
        modelBuilder.Entity<StoredMessage>().ToTable("message").HasKey(message => new { message.PersonId, message.Id });
        modelBuilder.Entity<Interest>().ToTable("interest").HasKey(interest => interest.PersonId);
        modelBuilder.Entity<Announcement>(announcement =>
        {
            announcement.ToTable("announcement");
            announcement.Property(a => a.Id).ValueGeneratedNever();
            announcement.Property(a => a.Texts).HasColumnType("jsonb");
        });
        modelBuilder.Entity<Reader>().ToTable("reader").HasKey(reader => reader.PersonId);
        modelBuilder.Entity<Person>().ToTable("person").HasKey(person => person.PersonId);
        modelBuilder.Entity<Email>(email =>
        {
            email.ToTable("email");
            email.Property(e => e.Id).ValueGeneratedNever();
            email.Property(e => e.Status).HasConversion<string>();
        });
    }
}

/// <summary>A message in somebody's mailbox; put there by <see cref="AppInbox"/>.</summary>
internal sealed class StoredMessage
{
    public required string PersonId { get; init; }

    public required Guid Id { get; init; }

    public Guid? OrderId { get; init; }

    public required string Subject { get; init; }

    public required string Text { get; init; }

    public required string Channel { get; init; }

    public required DateTimeOffset At { get; init; }

    /// <summary>Whether the person was told as the seller of the order.</summary>
    public bool ToMerchant { get; init; }
}

/// <summary>Somebody who has chosen a language.</summary>
internal sealed class Reader
{
    public required string PersonId { get; init; }

    public required string Language { get; init; }
}

/// <summary>The kinds of offers that a person wants to hear of.</summary>
internal sealed class Interest
{
    public required string PersonId { get; init; }

    public required string[] Kinds { get; init; }
}
