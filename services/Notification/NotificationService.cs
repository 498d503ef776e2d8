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
        builder.Services.AddScoped<AddressBook>();
        builder.AddValidators<NotificationService>();
    }

    /// <inheritdoc/>
    public static void Map(WebApplication app)
    {
        NotificationEvents.Map(app);
        NotificationsApi.Map(app);
        InterestsApi.Map(app);
        LanguageApi.Map(app);
        ChannelsApi.Map(app);
        AddressApi.Map(app);
        NotificationAudit.Map(app);
    }
}
