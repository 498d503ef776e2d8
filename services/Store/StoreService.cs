namespace OrderMall.Store;

/// <summary>The merchants' side: their order book, and the product team's reviews of new titles.</summary>
public sealed class StoreService : IMallService
{
    /// <inheritdoc/>
    public static string AppId => AppIds.Store;

    /// <inheritdoc/>
    public static void Configure(WebApplicationBuilder builder)
    {
        builder.AddDatabase<StoreDb>();
        builder.AddPublicReads<StoreDb>();
        // Of what is never said to be over, such as a table that was confirmed. A complaint may still come for a while.
        builder.Services.AddSingleton(new Retention("store_order", "order_id", "date", "phone IS NOT NULL") { Value = "phone" });
        builder.AddJson(StoreJson.Default, ContractsJson.Default);
        builder.Services.AddHostedService<ReminderJob>();
        builder.AddValidators<StoreService>();
    }

    /// <inheritdoc/>
    public static void Map(WebApplication app)
    {
        StoreEvents.Map(app);
        StoreApi.Map(app);
        SalesApi.Map(app);
        StopCalls.Map(app);
        ReviewsApi.Map(app);
        ReviewCalls.Map(app);
        StoreAudit.Map(app);
        RepublishCalls.Map(app);
    }
}
