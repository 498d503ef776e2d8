using FluentValidation;

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
        builder.AddJson(NotificationJson.Default, ContractsJson.Default);
        builder.Services.AddSingleton<IMessageChannel, AppInbox>();
        EmailChannel.AddIfConfigured(builder);
        builder.Services.AddSingleton<Mailbox>();
        builder.Services.AddSingleton<AddressBook>();
        builder.Services.AddSingleton<IValidator<Interests>, InterestsValidator>();
        builder.Services.AddSingleton<IValidator<Confirmation>, ConfirmationValidator>();
    }

    /// <inheritdoc/>
    public static void Map(WebApplication app)
    {
        var mailbox = app.Services.GetRequiredService<Mailbox>();
        var addresses = app.Services.GetRequiredService<AddressBook>();
        app.MapEvents<NotificationDb>()
            .On<OrderEvent>(OrderEvent.OfPublicOrders, (_, e, cancellationToken) =>
                mailbox.DeliverAsync([OrderMessages.Write(e), .. MerchantMessages.Write(e)], cancellationToken))
            .On<StoreEvent>([StoreEvent.RejectionOverruled], (_, e, cancellationToken) =>
                mailbox.DeliverAsync([MerchantMessages.Write(e)], cancellationToken))
            .On<TitleEvent>(TitleEvent.OfPublicTitles, (_, e, cancellationToken) =>
                mailbox.DeliverAsync([TitleMessages.Write(e)], cancellationToken))
            .On<AccountEvent>([AccountEvent.Registered], (_, e, cancellationToken) =>
                addresses.KeepAsync(e.Data, cancellationToken))
            .On<OfferEvent>(OfferMessages.Types, (_, e, cancellationToken) =>
                mailbox.DeliverToInterestedAsync(OfferMessages.Write(e), e.Data.Kind, cancellationToken));
        NotificationsApi.Map(app);
        InterestsApi.Map(app);
        AddressApi.Map(app);
        NotificationAudit.Map(app);
    }
}
