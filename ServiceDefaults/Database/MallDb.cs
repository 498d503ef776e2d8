using System.Data.Common;
using System.Diagnostics;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Storage;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;
using Npgsql;
using OrderMall.ServiceDefaults.Api;
using OrderMall.ServiceDefaults.Messaging;

namespace OrderMall.ServiceDefaults.Database;

/// <summary>A service's database: its own tables and the ones that messaging needs.</summary>
public abstract class MallDb(DbContextOptions options) : DbContext(options)
{
    internal const int Attempts = 8;
    // Far fewer than EF sends together.
    private const int MostInOneRoundTrip = 20;
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

    /// <summary>Whether events were saved in this context, or tried to be, since <see cref="CommitSignal"/> told of a commit.</summary>
    internal bool HasSavedEvents { get; set; }

    /// <summary>The trace context in which a row was begun that <see cref="Remember"/> knows, if there was one.</summary>
    public string? TraceParentOf(object row) => (string?)Entry(row).Property(TraceParent).CurrentValue;

    /// <summary>Remembers in whose trace a new row was begun: what is done for it later belongs to it too. Its kind has the property <see cref="TraceParent"/>.</summary>
    protected void Remember(object row) => Entry(row).Property(TraceParent).CurrentValue = Activity.Current?.Id;

    /// <summary>A row that was read before in this context or added to it, without asking the database.</summary>
    /// <returns><see langword="null"/> where there was none.</returns>
    public TRow? Loaded<TRow>(Guid key)
        where TRow : class => Set<TRow>().Local.FindEntry(key)?.Entity;

    /// <summary>
    /// The rows that a statement returns, which is sent as it is written, in the transaction of this context if it has one. What EF makes of
    /// <c>SqlQuery</c> is compiled anew for each execution: that costs more than the statement. A null among its values has the type that the statement gives it.
    /// </summary>
    public async Task<List<T>> RowsAsync<T>(FormattableString statement, Func<DbDataReader, T> read, CancellationToken cancellationToken)
    {
        var command = this.GetService<IRawSqlCommandBuilder>().Build(statement.Format, statement.GetArguments()!, Model);
        await using var reader = await command.RelationalCommand.ExecuteReaderAsync(
            new RelationalCommandParameterObject(
                this.GetService<IRelationalConnection>(), command.ParameterValues, null, this, this.GetService<IRelationalCommandDiagnosticsLogger>(), CommandSource.FromSqlQuery),
            cancellationToken);
        var rows = new List<T>();
        while (await reader.ReadAsync(cancellationToken))
            rows.Add(read(reader.DbDataReader));
        return rows;
    }

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
    public override async Task<int> SaveChangesAsync(bool acceptAllChangesOnSuccess, CancellationToken cancellationToken = default)
    {
        var (events, areOnlyAdded) = Unsaved();
        HasSavedEvents |= events.Count > 0;
        // PostgreSQL takes or refuses the statements of one round trip as a whole, so that inserts need no transaction around them.
        // What is changed does: that nothing matched the version that was read is found out here, after the round trip.
        Database.AutoTransactionBehavior = areOnlyAdded ? AutoTransactionBehavior.Never : AutoTransactionBehavior.WhenNeeded;
        // One event goes with the statement before it. Many, of a whole delivery, are one statement in its transaction.
        if (events.Count < 2 || Database.CurrentTransaction is null)
            return await base.SaveChangesAsync(acceptAllChangesOnSuccess, cancellationToken);
        events.ForEach(e => Entry(e).State = EntityState.Detached);
        var saved = await base.SaveChangesAsync(acceptAllChangesOnSuccess, cancellationToken);
        return saved + await Database.ExecuteSqlAsync(
            $"""
             INSERT INTO outbox (event_id, topic, type, key, version, data, trace_parent, created_at)
             SELECT * FROM unnest(
                 {events.Select(e => e.EventId).ToArray()}, {events.Select(e => e.Topic).ToArray()}, {events.Select(e => e.Type).ToArray()}, {events.Select(e => e.Key).ToArray()},
                 {events.Select(e => e.Version).ToArray()}, {events.Select(e => e.Data).ToArray()}, {events.Select(e => e.TraceParent).ToArray()}, {events.Select(e => e.CreatedAt).ToArray()})
             """,
            cancellationToken);
    }

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

    // The events in the order in which they were published, and whether all that this context knows is new and goes in one round trip.
    private (List<OutboxMessage> Events, bool AreOnlyAdded) Unsaved()
    {
        var detects = ChangeTracker.AutoDetectChangesEnabled;
        // Changes are looked for when they are saved; what has none so far may have.
        ChangeTracker.AutoDetectChangesEnabled = false;
        var entries = ChangeTracker.Entries().ToList();
        ChangeTracker.AutoDetectChangesEnabled = detects;
        var events = entries.Where(entry => entry is { Entity: OutboxMessage, State: EntityState.Added }).OrderBy(entry => (long)entry.Property(nameof(OutboxMessage.Id)).CurrentValue!);
        return ([.. events.Select(entry => (OutboxMessage)entry.Entity)], entries.Count <= MostInOneRoundTrip && entries.TrueForAll(entry => entry.State == EntityState.Added));
    }

    // 12000 is 12000, whether it was computed or read: events and answers are the same text each time.
    private sealed class PlainDecimal() : ValueConverter<decimal, decimal>(value => value, value => value.Plain());
}
