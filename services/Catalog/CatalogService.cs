namespace OrderMall.Catalog;

/// <summary>Offers, their capacity and the holds on it.</summary>
public sealed class CatalogService : IMallService
{
    /// <inheritdoc/>
    public static string AppId => AppIds.Catalog;

    /// <inheritdoc/>
    public static void Configure(WebApplicationBuilder builder)
    {
        builder.AddDatabase<CatalogDb>();
        // What was released keeps a request to hold it, still on its way, from being granted: none is so long.
        builder.Services.AddSingleton(new Retention("hold", "order_id", "held_at", "quantity = 0"));
        builder.AddPublicReads<CatalogDb>();
        builder.AddJson(CatalogJson.Default, ContractsJson.Default);
        builder.AddValidators<CatalogService>();
        builder.AddServiceClient(AppIds.Dispatch);
        builder.Services.AddSingleton<VisitCapacity>();
        builder.Services.AddSingleton<OfferCache>();
        builder.Services.AddHostedService<EndedOffersJob>();
        builder.Services.AddHostedService<SellerOffersJob>();
        var isDemo = Demo.IsOn(builder);
        builder.Services.AddSingleton(new DemoRule(isDemo));
        if (isDemo)
            builder.Services.AddHostedService<DemoOffers>();
    }

    /// <inheritdoc/>
    public static void Map(WebApplication app)
    {
        CatalogEvents.Map(app);
        OffersApi.Map(app);
        HoldCalls.Map(app);
        OrderableCalls.Map(app);
        CatalogAudit.Map(app);
    }
}
