using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.EntityFrameworkCore;
using OrderMall.ServiceDefaults.Messaging;

namespace OrderMall.ServiceDefaults.Database;

/// <summary>A service's database: its own tables and the ones that messaging needs.</summary>
/// <param name="options">Given by the container.</param>
public abstract class MallDb(DbContextOptions options) : DbContext(options)
{
    /// <summary>Events of committed changes that are still to be published.</summary>
    public DbSet<OutboxMessage> Outbox => Set<OutboxMessage>();

    /// <summary>Events that have had their effect.</summary>
    public DbSet<InboxEntry> Inbox => Set<InboxEntry>();

    /// <summary>Events that could not be handled.</summary>
    public DbSet<DeadLetter> DeadLetters => Set<DeadLetter>();

    /// <summary>Publishes an event if and only if the changes of this context are saved.</summary>
    /// <param name="topic">The topic.</param>
    /// <param name="type">The event's name.</param>
    /// <param name="key">The correlation key: events of one key leave in the order in which they were committed.</param>
    /// <param name="data">The event.</param>
    /// <param name="json">How it is written as JSON.</param>
    /// <param name="at">When it happened (UTC).</param>
    /// <typeparam name="T">The event's type.</typeparam>
    public void Publish<T>(string topic, string type, Guid key, T data, JsonTypeInfo<T> json, DateTimeOffset at) =>
        Outbox.Add(new OutboxMessage
        {
            EventId = Guid.CreateVersion7(at),
            Topic = topic,
            Type = type,
            Key = key.ToString(),
            Data = JsonSerializer.Serialize(data, json),
            TraceParent = Activity.Current?.Id,
            CreatedAt = at,
        });

    /// <inheritdoc/>
    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<OutboxMessage>().ToTable("outbox").Property(message => message.Id).UseIdentityAlwaysColumn();
        modelBuilder.Entity<InboxEntry>().ToTable("inbox").HasKey(entry => entry.EventId);
        modelBuilder.Entity<DeadLetter>().ToTable("dead_letter").HasKey(letter => letter.EventId);
    }

    /// <inheritdoc/>
    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder) =>
        configurationBuilder.Conventions.Add(_ => new SnakeCaseConvention());
}
