using System.Globalization;
using System.Text.Json;

namespace OrderMall.Notification;

/// <summary>What people with an interest in a kind are told of new offers, and merchants of those that people are not told of.</summary>
internal static class OfferMessages
{
    public static readonly IReadOnlyCollection<string> Types = [OfferEvent.Registered];

    /// <summary>Announces an offer, unless its merchant has had as many announced within a day as there may be.</summary>
    public static async Task AnnounceAsync(NotificationDb db, CloudEvent<OfferEvent> e, int mostPerDay, Mailbox mailbox, Texts texts, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var offer = e.Data;
        // Two of one merchant at the same moment: one of them sees the other.
        await db.Database.ExecuteSqlAsync($"SELECT pg_advisory_xact_lock(hashtextextended({offer.MerchantId}, 0))", cancellationToken);
        var announcement = Write(e, texts, now);
        if (await db.Announcements.AnyAsync(same => same.Id == announcement.Id, cancellationToken))
            return;
        var announced = await db.Announcements.CountAsync(other => other.MerchantId == offer.MerchantId, cancellationToken);
        if (announced < mostPerDay)
        {
            db.Announcements.Add(announcement);
            return;
        }

        // Not of the transaction: it comes once, however often it is delivered.
        await mailbox.DeliverAsync(texts.InEach(words => [NotAnnounced(offer, mostPerDay, words, now)]), cancellationToken);
    }

    private static Announcement Write(CloudEvent<OfferEvent> e, Texts texts, DateTimeOffset now)
    {
        var offer = e.Data;
        var said = Texts.Languages.ToDictionary(language => language, language => Say(offer, new Words(texts, language)));
        return new Announcement
        {
            Id = Message.IdOf(e.Id, offer.At, offer.Version),
            MerchantId = offer.MerchantId,
            Kind = offer.Kind,
            Subject = said[Texts.Default].Subject,
            Text = said[Texts.Default].Text,
            Texts = JsonSerializer.Serialize(said, NotificationJson.Default.DictionaryStringAnnouncementText),
            At = offer.At,
            DueAt = now,
        };
    }

    private static AnnouncementText Say(OfferEvent offer, Words words)
    {
        var (subject, text) = words.Say("Offer", name => name switch
        {
            "title" => offer.Title,
            "kind" => offer.Kind,
            "amount" => OrderMessages.Money(offer.Price, offer.Currency),
            "when" => words.When(offer.Date),
            "where" => words.Where(offer.Place),
            _ => null,
        });
        return new AnnouncementText(subject, text);
    }

    // Once an hour, however many they are.
    private static Letter NotAnnounced(OfferEvent offer, int mostPerDay, Words words, DateTimeOffset now)
    {
        var hour = new DateTimeOffset(now.Ticks - (now.Ticks % TimeSpan.TicksPerHour), TimeSpan.Zero);
        var (subject, text) = words.Say("Merchant:NotAnnounced", name => name switch
        {
            "title" => offer.Title,
            "kind" => offer.Kind,
            "most" => mostPerDay.ToString(CultureInfo.InvariantCulture),
            _ => null,
        });
        return new Letter(offer.MerchantId, new Message(Message.IdOf($"{offer.MerchantId}/not announced", hour, version: 0), OrderId: null, subject, text, now), IsToMerchant: true);
    }
}
