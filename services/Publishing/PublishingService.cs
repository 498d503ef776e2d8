namespace OrderMall.Publishing;

/// <summary>Publishers' registrations of new titles.</summary>
public sealed class PublishingService : IMallService
{
    /// <inheritdoc/>
    public static string AppId => AppIds.Publishing;

    /// <inheritdoc/>
    public static void Configure(WebApplicationBuilder builder)
    {
        builder.AddDatabase<PublishingDb>();
        builder.AddServiceClient(AppIds.Store);
        builder.Services.AddOptions<PublishingOptions>().BindConfiguration("Publishing")
            .Validate(options => Currency.DecimalsOf(options.Currency) is not null, "Publishing:Currency must be the ISO 4217 code of a currency in use, such as KRW.").ValidateOnStart();
        builder.AddJson(PublishingJson.Default, ContractsJson.Default);
        builder.AddValidators<PublishingService>();
        builder.Services.AddHostedService<RegistrationJob>();
        builder.Services.AddHostedService<SellerTitlesJob>();
        PublishingAlarms.Add(builder);
    }

    /// <inheritdoc/>
    public static void Map(WebApplication app)
    {
        TitlesApi.Map(app);
        PublishingEvents.Map(app);
        PublishingAudit.Map(app);
        RepublishCalls.Map(app);
        HistoryCalls.Map(app);
    }
}
