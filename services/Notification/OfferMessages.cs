using System.Globalization;
using Npgsql;

namespace OrderMall.Notification;

/// <summary>What people with an interest in a kind are told of new offers, and merchants of those that people are not told of.</summary>
internal static class OfferMessages
{
    public static readonly IReadOnlyCollection<string> Types = [OfferEvent.Registered];

    /// <summary>Announces an offer, unless its merchant has had as many announced within a day as there may be.</summary>
    public static async Task AnnounceAsync(NotificationDb db, CloudEvent<OfferEvent> e, int mostPerDay, Mailbox mailbox, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var offer = e.Data;
        await db.Database.BeginTransactionAsync(cancellationToken);
        // Two of one merchant at the same moment: one of them sees the other. All is done on this connection: who waits here has one already.
        await db.Database.ExecuteSqlAsync($"SELECT pg_advisory_xact_lock(hashtextextended({offer.MerchantId}, 0))", cancellationToken);
        var announcement = Write(e, now);
        if (await db.Announcements.AnyAsync(same => same.Id == announcement.Id, cancellationToken))
            return;
        var announced = await db.Announcements.CountAsync(other => other.MerchantId == offer.MerchantId, cancellationToken);
        if (announced < mostPerDay)
        {
            db.Announcements.Add(announcement);
            return;
        }

        await mailbox.DeliverAsync([NotAnnounced(offer, mostPerDay, now)], cancellationToken, (NpgsqlConnection)db.Database.GetDbConnection());
        // Nothing of the context is changed that would be saved.
        await db.Database.CommitTransactionAsync(cancellationToken);
    }

    private static Announcement Write(CloudEvent<OfferEvent> e, DateTimeOffset now)
    {
        var offer = e.Data;
        return new Announcement
        {
            Id = Message.IdOf(e.Id, offer.At, offer.Version),
            MerchantId = offer.MerchantId,
            Kind = offer.Kind,
            Subject = $"New {offer.Kind}: {offer.Title}",
            Text = $"{offer.Title} is on sale now ({OrderMessages.Money(offer.Price, offer.Currency)}{OrderMessages.When(offer.Date)}{OrderMessages.Where(offer.Place)}). You hear of this because of your interest in {offer.Kind}.",
            At = offer.At,
            DueAt = now,
        };
    }

    // Once an hour, however many they are.
    private static Letter NotAnnounced(OfferEvent offer, int mostPerDay, DateTimeOffset now)
    {
        var hour = new DateTimeOffset(now.Ticks - (now.Ticks % TimeSpan.TicksPerHour), TimeSpan.Zero);
        var text = string.Create(
            CultureInfo.InvariantCulture,
            $"{offer.Title} is on sale, but people with an interest in {offer.Kind} are not told of it: of one merchant's offers they are told of {mostPerDay} within a day. This holds for all that you register until the first of those is a day old.");
        return new Letter(offer.MerchantId, new Message(Message.IdOf($"{offer.MerchantId}/not announced", hour, version: 0), OrderId: null, $"Not announced: {offer.Title}", text, now), IsToMerchant: true);
    }
}
