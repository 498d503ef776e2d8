using System.Diagnostics;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;
using Npgsql;
using OrderMall.ServiceDefaults.Api;
using OrderMall.ServiceDefaults.Messaging;

namespace OrderMall.ServiceDefaults.Database;

/// <summary>A service's database: its own tables and the ones that messaging needs.</summary>
public abstract class MallDb(DbContextOptions options) : DbContext(options)
{
    internal const int Attempts = 8;
    // No currency has more (ISO 4217).
    private const int MostDecimals = 4;

    /// <summary>The name of the property that keeps a trace context.</summary>
    protected const string TraceParent = nameof(TraceParent);

    /// <summary>Events of committed changes that are still to be published.</summary>
    public DbSet<OutboxMessage> Outbox => Set<OutboxMessage>();

    /// <summary>Events that have had their effect.</summary>
    public DbSet<InboxEntry> Inbox => Set<InboxEntry>();

    /// <summary>Events that could not be handled.</summary>
    public DbSet<DeadLetter> DeadLetters => Set<DeadLetter>();

    /// <summary>Requests with an <c>Idempotency-Key</c> that have made something.</summary>
    public DbSet<AnsweredRequest> Answered => Set<AnsweredRequest>();

    /// <summary>The trace context in which a row was begun that <see cref="Remember"/> knows, if there was one.</summary>
    public string? TraceParentOf(object row) => (string?)Entry(row).Property(TraceParent).CurrentValue;

    /// <summary>Remembers in whose trace a new row was begun: what is done for it later belongs to it too. Its kind has the property <see cref="TraceParent"/>.</summary>
    protected void Remember(object row) => Entry(row).Property(TraceParent).CurrentValue = Activity.Current?.Id;

    /// <summary>A row that was read before in this context or added to it, without asking the database.</summary>
    /// <returns><see langword="null"/> where there was none.</returns>
    public TRow? Loaded<TRow>(Guid key)
        where TRow : class => Set<TRow>().Local.FindEntry(key)?.Entity;

    /// <summary>Saves what was decided; decides again on fresh rows when somebody else changed or made them first.</summary>
    /// <param name="decide">Reads rows of this context and changes them. A transaction that it begins is committed with the changes.</param>
    /// <exception cref="DbUpdateException">It could not be saved, or others were faster too many times.</exception>
    public async Task<T> DecideAsync<T>(Func<Task<T>> decide, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            var decided = await decide();
            try
            {
                await SaveChangesAsync(cancellationToken);
                if (Database.CurrentTransaction is { } transaction)
                    await transaction.CommitAsync(cancellationToken);
                return decided;
            }
            catch (DbUpdateException e) when (attempt < Attempts && IsRace(e))
            {
                ChangeTracker.Clear();
                if (Database.CurrentTransaction is { } transaction)
                    await transaction.DisposeAsync();
            }
        }
    }

    /// <summary>Whether a save failed because somebody else changed or made the same rows first.</summary>
    internal static bool IsRace(DbUpdateException e) =>
        e is DbUpdateConcurrencyException || (e.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation } && !IdempotencyKey.IsTaken(e));

    /// <inheritdoc/>
    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        var outbox = modelBuilder.Entity<OutboxMessage>().ToTable("outbox");
        outbox.Property(message => message.Id).UseIdentityAlwaysColumn();
        // Only the alarm asks for it.
        outbox.Property<DateTimeOffset>("QueuedAt").HasDefaultValueSql("now()");
        modelBuilder.Entity<PublishedEvent>().ToTable("published_event").HasNoKey().Property(e => e.PublishedAt).HasDefaultValueSql("now()");
        modelBuilder.Entity<InboxEntry>().ToTable("inbox").HasKey(entry => entry.EventId);
        modelBuilder.Entity<AnsweredRequest>().ToTable("answered_request");
        modelBuilder.Entity<DeadLetter>().ToTable("dead_letter").HasKey(letter => letter.EventId);
    }

    /// <inheritdoc/>
    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder)
    {
        configurationBuilder.Conventions.Add(_ => new SnakeCaseConvention());
        configurationBuilder.Properties<decimal>().HavePrecision(20, MostDecimals).HaveConversion<PlainDecimal>();
    }

    // 12000 is 12000, whether it was computed or read: events and answers are the same text each time.
    private sealed class PlainDecimal() : ValueConverter<decimal, decimal>(value => value, value => value.Plain());
}
