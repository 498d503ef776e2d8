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

    public DbSet<Push> Pushes => Set<Push>();

    public DbSet<ReadMark> ReadMarks => Set<ReadMark>();

    public DbSet<PushChoice> PushChoices => Set<PushChoice>();

    /// <summary>What a person reads (ISO 639-1).</summary>
    public async Task<string> LanguageOfAsync(string personId, CancellationToken cancellationToken) =>
        (await Readers.AsNoTracking().FirstOrDefaultAsync(reader => reader.PersonId == personId, cancellationToken))?.Language ?? Texts.Default;

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
        modelBuilder.Entity<Push>(push =>
        {
            push.ToTable("push");
            push.Property(p => p.Id).ValueGeneratedNever();
            push.Property(p => p.Status).HasConversion<string>();
        });
        modelBuilder.Entity<ReadMark>().ToTable("read_mark").HasKey(mark => mark.PersonId);
        modelBuilder.Entity<PushChoice>().ToTable("push_choice").HasKey(choice => choice.PersonId);
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

/// <summary>Until where a person has read their messages, those to their business among them.</summary>
internal sealed class ReadMark
{
    public required string PersonId { get; init; }

    /// <summary>The id of the last one.</summary>
    public required Guid Until { get; init; }

    /// <summary>When they said so (UTC).</summary>
    public required DateTimeOffset At { get; init; }
}

/// <summary>Somebody who wants messages on their phone and in their browser too.</summary>
internal sealed class PushChoice
{
    public required string PersonId { get; init; }
}

/// <summary>The kinds of offers that a person wants to hear of.</summary>
internal sealed class Interest
{
    public required string PersonId { get; init; }

    public required string[] Kinds { get; init; }

    /// <summary>What was among them and was taken out: it does not come back by itself.</summary>
    public string[] Declined { get; init; } = [];
}
