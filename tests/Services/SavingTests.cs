using System.Diagnostics;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using OrderMall.Delivery;
using OrderMall.ServiceDefaults.Messaging;

namespace OrderMall.Services.Tests;

/// <summary>What a context saves together is there as a whole, and its events in their order.</summary>
[Collection(ServiceCollection.Name)]
public sealed class SavingTests(RunningService<DeliveryService> delivery) : IClassFixture<RunningService<DeliveryService>>
{
    private static readonly TimeSpan LooksAgain = TimeSpan.FromMilliseconds(200);

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    public async Task Events_are_published_in_the_order_in_which_they_were_saved(int count)
    {
        var orderId = Guid.CreateVersion7();
        await using (var scope = delivery.Services.CreateAsyncScope())
        {
            var db = scope.ServiceProvider.GetRequiredService<DeliveryDb>();
            await using var transaction = await db.Database.BeginTransactionAsync();
            // Twice in one transaction, as a handler does that looks for itself.
            for (var saved = 0; saved < 2; saved++)
            {
                for (var i = 0; i < count; i++)
                    db.Outbox.Add(Message(orderId, (saved * count) + i));
                Assert.Equal(count, await db.SaveChangesAsync());
            }

            await transaction.CommitAsync();
        }

        await Eventually.BecomesAsync(2 * count, async () => (await delivery.PublishedAsync(orderId)).Count);
        Assert.Equal(Enumerable.Range(0, 2 * count).Select(i => $"Said{i}"), (await delivery.PublishedAsync(orderId)).Select(e => e.Type));
    }

    [Fact]
    public async Task Events_of_a_transaction_that_was_given_up_are_not_published()
    {
        var orderId = Guid.CreateVersion7();
        await using var scope = delivery.Services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<DeliveryDb>();
        await using (await db.Database.BeginTransactionAsync())
        {
            db.Outbox.AddRange(Message(orderId, 0), Message(orderId, 1));
            await db.SaveChangesAsync();
        }

        Assert.Empty(await db.Outbox.AsNoTracking().Where(message => message.Key == orderId.ToString()).ToListAsync());
    }

    [Fact]
    public async Task What_is_only_added_is_saved_as_a_whole_or_not_at_all()
    {
        await using var scope = delivery.Services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<DeliveryDb>();
        await SaveAsync("taken");

        // In the order of their keys: the first is inserted when the second fails.
        await Assert.ThrowsAsync<DbUpdateException>(() => SaveAsync("fresh", "taken"));

        Assert.Equal(["taken"], await db.Inbox.AsNoTracking().Where(entry => entry.EventId == "fresh" || entry.EventId == "taken").Select(entry => entry.EventId).ToListAsync());
        Assert.Equal(AutoTransactionBehavior.Never, db.Database.AutoTransactionBehavior);

        Task SaveAsync(params string[] ids)
        {
            db.ChangeTracker.Clear();
            db.Inbox.AddRange(ids.Select(id => new InboxEntry { EventId = id, HandledAt = DateTimeOffset.UtcNow }));
            return db.SaveChangesAsync();
        }
    }

    [Fact]
    public async Task What_somebody_else_has_changed_meanwhile_is_not_saved_and_nothing_is_published_of_it()
    {
        var orderId = Guid.CreateVersion7();
        await using var scope = delivery.Services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<DeliveryDb>();
        await db.Database.ExecuteSqlAsync($"INSERT INTO parcel (order_id, destination, status, version) VALUES ({orderId}, 'Here', 'Preparing', 1)");
        var parcel = await db.Set<Parcel>().SingleAsync(parcel => parcel.OrderId == orderId);
        await db.Database.ExecuteSqlAsync($"UPDATE parcel SET version = 2 WHERE order_id = {orderId}");

        db.Entry(parcel).Property(p => p.Version).CurrentValue = 3;
        db.Outbox.Add(Message(orderId, 0));
        await Assert.ThrowsAsync<DbUpdateConcurrencyException>(() => db.SaveChangesAsync());

        Assert.Empty(await delivery.PublishedAsync(orderId));
    }

    [Fact]
    public async Task A_commit_with_events_wakes_the_publisher()
    {
        var orderId = Guid.CreateVersion7();
        await using var scope = delivery.Services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<DeliveryDb>();
        // By itself it looks 3 s after it found nothing; after it found something it looks again at once.
        var took = Stopwatch.StartNew();
        for (var i = 0; i < 5; i++)
        {
            db.Outbox.Add(Message(orderId, i));
            await db.SaveChangesAsync();
            await Eventually.BecomesAsync(i + 1, async () => (await delivery.PublishedAsync(orderId)).Count);
            await Task.Delay(LooksAgain);
        }

        Assert.InRange(took.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(6));
    }

    internal static OutboxMessage Message(Guid orderId, int number) => new()
    {
        EventId = Guid.CreateVersion7(),
        Topic = "parcels",
        Type = $"Said{number}",
        Key = orderId.ToString(),
        Version = number,
        Data = "{}",
        CreatedAt = DateTimeOffset.UtcNow,
    };
}
