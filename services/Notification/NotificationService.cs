using FluentValidation;
using Microsoft.Extensions.Options;

namespace OrderMall.Notification;

/// <summary>Messages to people, and what they want to hear of.</summary>
public sealed class NotificationService : IMallService
{
    /// <inheritdoc/>
    public static string AppId => AppIds.Notification;

    /// <inheritdoc/>
    public static void Configure(WebApplicationBuilder builder)
    {
        builder.AddDatabase<NotificationDb>();
        builder.Services.AddSingleton(new Retention("message", "ctid", "at", "order_id IS NULL") { Life = TimeSpan.FromDays(90) });
        var isDemo = Demo.IsOn(builder);
        builder.AddJson(NotificationJson.Default, ContractsJson.Default);
        builder.Services.AddSingleton<IMessageChannel, AppInbox>();
        EmailChannel.AddIfConfigured(builder);
        PushChannel.AddIfConfigured(builder);
        builder.Services.AddOptions<NotificationOptions>()
            .Configure(options => options.AnnouncementsPerDay = isDemo ? NotificationOptions.AnnouncementsOfDemo : options.AnnouncementsPerDay)
            .BindConfiguration("Notification").ValidateDataAnnotations().ValidateOnStart().KeepCurrent();
        builder.Services.AddSingleton<Texts>();
        builder.Services.AddSingleton<Listeners>();
        builder.Services.AddSingleton<Mailbox>();
        builder.Services.AddHostedService<AnnouncementJob>();
        builder.Services.AddSingleton<AddressBook>();
        builder.Services.AddSingleton<IValidator<Interests>, InterestsValidator>();
        builder.Services.AddSingleton<IValidator<ChosenLanguage>, ChosenLanguageValidator>();
        builder.Services.AddSingleton<IValidator<ChosenChannels>, ChosenChannelsValidator>();
        builder.Services.AddSingleton<IValidator<Confirmation>, ConfirmationValidator>();
    }

    /// <inheritdoc/>
    public static void Map(WebApplication app)
    {
        var texts = app.Services.GetRequiredService<Texts>();
        var mailbox = app.Services.GetRequiredService<Mailbox>();
        var options = app.Services.GetRequiredService<IOptions<NotificationOptions>>();
        var time = app.Services.GetRequiredService<TimeProvider>();
        var addresses = app.Services.GetRequiredService<AddressBook>();
        app.MapEvents<NotificationDb>()
            .Once<OfferEvent>(OfferMessages.Types, (db, e, cancellationToken) =>
                OfferMessages.AnnounceAsync(db, e, options.Value.AnnouncementsPerDay, mailbox, texts, time.Now(), cancellationToken))
            .On<OrderEvent>(OrderEvent.OfPublicOrders, async (services, events, cancellationToken) =>
            {
                await TellAsync(events, (e, words) => [OrderMessages.Write(e, words), .. MerchantMessages.Write(e, words)], cancellationToken);
                await InterestsApi.RememberAsync(services.GetRequiredService<NotificationDb>(), events, cancellationToken);
            })
            .On<StoreEvent>(MerchantMessages.OfTheirBook, (_, events, cancellationToken) =>
                TellAsync(events, (e, words) => [MerchantMessages.Write(e, words)], cancellationToken))
            .On<PaymentEvent>(PaymentMessages.Types, (_, events, cancellationToken) =>
                TellAsync(events, (e, words) => [PaymentMessages.Write(e, words)], cancellationToken))
            .On<TitleEvent>(TitleEvent.OfPublicTitles, (_, events, cancellationToken) =>
                TellAsync(events, (e, words) => [TitleMessages.Write(e, words)], cancellationToken))
            .On<AccountEvent>([AccountEvent.Registered, .. AccountMessages.Types], async (_, events, cancellationToken) =>
            {
                foreach (var e in events.Where(e => e.Type == AccountEvent.Registered))
                    await addresses.KeepAsync(e.Data, cancellationToken);
                await TellAsync(events.Where(e => e.Type != AccountEvent.Registered), (e, words) => [AccountMessages.Write(e, words)], cancellationToken);
            });
        NotificationsApi.Map(app);
        InterestsApi.Map(app);
        LanguageApi.Map(app);
        ChannelsApi.Map(app);
        AddressApi.Map(app);
        NotificationAudit.Map(app);

        Task TellAsync<T>(IEnumerable<CloudEvent<T>> events, Func<CloudEvent<T>, Words, IEnumerable<Letter>> write, CancellationToken cancellationToken) =>
            mailbox.DeliverAsync(texts.InEach(words => events.SelectMany(e => write(e, words))), cancellationToken);
    }
}
