using Microsoft.Extensions.Options;

namespace OrderMall.Notification;

/// <summary>What people are told of.</summary>
internal static class NotificationEvents
{
    public static void Map(WebApplication app)
    {
        var texts = app.Services.GetRequiredService<Texts>();
        var mailbox = app.Services.GetRequiredService<Mailbox>();
        var options = app.Services.GetRequiredService<IOptions<NotificationOptions>>();
        var time = app.Services.GetRequiredService<TimeProvider>();
        app.MapEvents<NotificationDb>()
            .Once<OfferEvent>(OfferMessages.Types, (db, e, cancellationToken) =>
                OfferMessages.AnnounceAsync(db, e, options.Value.AnnouncementsPerDay, mailbox, texts, time.Now(), cancellationToken))
            .On<OrderEvent>(OrderEvent.OfPublicOrders, async (services, events, cancellationToken) =>
            {
                await TellAsync(
                    events,
                    (e, words) =>
                    {
                        var valueOf = words.Of(e.Data);
                        return [OrderMessages.Write(e, words, valueOf), .. MerchantMessages.Write(e, words, valueOf)];
                    },
                    cancellationToken);
                await InterestsApi.RememberAsync(services, events, cancellationToken);
            })
            .On<StoreEvent>(MerchantMessages.OfTheirBook, (_, events, cancellationToken) =>
                TellAsync(events, (e, words) => [MerchantMessages.Write(e, words)], cancellationToken))
            .On<PaymentEvent>(PaymentMessages.Types, (_, events, cancellationToken) =>
                TellAsync(events, (e, words) => [PaymentMessages.Write(e, words)], cancellationToken))
            .On<TitleEvent>(TitleEvent.OfPublicTitles, (_, events, cancellationToken) =>
                TellAsync(events, (e, words) => [TitleMessages.Write(e, words)], cancellationToken))
            .On<AccountEvent>([AccountEvent.Registered, .. AccountMessages.Types], async (services, events, cancellationToken) =>
            {
                foreach (var e in events.Where(e => e.Type == AccountEvent.Registered))
                    await services.GetRequiredService<AddressBook>().KeepAsync(e.Data, cancellationToken);
                await TellAsync(events.Where(e => e.Type != AccountEvent.Registered), (e, words) => [AccountMessages.Write(e, words)], cancellationToken);
            });

        Task TellAsync<T>(IEnumerable<CloudEvent<T>> events, Func<CloudEvent<T>, Words, IEnumerable<Letter>> write, CancellationToken cancellationToken) =>
            mailbox.DeliverAsync(texts.InEach(words => events.SelectMany(e => write(e, words))), cancellationToken);
    }
}
