using Microsoft.EntityFrameworkCore;
using OrderMall.ServiceDefaults;
using OrderMall.ServiceDefaults.Database;
using OrderMall.ServiceDefaults.Messaging;

namespace OrderMall.Selling;

/// <summary>A business whose right to sell was changed, as a service that has something of it on sale keeps it: by its last event, in whatever order those come.</summary>
public sealed class Seller
{
    /// <summary>By which <see cref="SellerJob{TDb}"/> takes it up.</summary>
    public Guid Id { get; init; }

    /// <summary>As offers and titles name who sells.</summary>
    public required string BusinessId { get; init; }

    /// <summary>That of the event.</summary>
    public required long Version { get; init; }

    /// <summary>Whether it may sell.</summary>
    public required bool MaySell { get; init; }

    /// <summary>Since when that is so (UTC). What is older is off sale.</summary>
    public required DateTimeOffset Since { get; init; }

    /// <summary>When it is looked for what is still on sale; <see langword="null"/> for no more.</summary>
    public DateTimeOffset? DueAt { get; init; }

    /// <summary>Keeps what events say, unless a later one was here first. Doing so again changes nothing.</summary>
    /// <param name="db">A database with the table <c>seller</c>.</param>
    /// <param name="rightOf">What of them counts here.</param>
    public static async Task KeepAsync(
        MallDb db, IReadOnlyList<CloudEvent<BusinessEvent>> events, Func<BusinessEvent, SellingRight> rightOf, TimeProvider time, CancellationToken cancellationToken)
    {
        foreach (var business in events.Select(e => e.Data))
        {
            var right = rightOf(business);
            if (right.Since is not { } since)
                continue;
            await db.Database.ExecuteSqlAsync(
                $"""
                 INSERT INTO seller (id, business_id, version, may_sell, since, due_at) VALUES ({Guid.NewGuid()}, {business.BusinessId}, {business.Version}, {right.IsHeld}, {since}, {time.Now()})
                 ON CONFLICT (business_id) DO UPDATE SET version = excluded.version, may_sell = excluded.may_sell, since = excluded.since, due_at = excluded.due_at
                 WHERE seller.version < excluded.version
                 """,
                cancellationToken);
        }
    }

    /// <summary>Maps the table, the same in every service that has it.</summary>
    public static void Map(ModelBuilder modelBuilder)
    {
        var seller = modelBuilder.Entity<Seller>().ToTable("seller");
        seller.Property(s => s.Id).ValueGeneratedNever();
    }
}
