using FluentValidation;
using OrderMall.Contracts;
using OrderMall.ServiceDefaults;
using OrderMall.ServiceDefaults.Database;
using OrderMall.ServiceDefaults.Messaging;

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
        builder.Services.ConfigureHttpJsonOptions(options => options.SerializerOptions.TypeInfoResolverChain.Insert(0, StoreJson.Default));
        builder.Services.AddSingleton<OrderEvents>();
        builder.Services.AddSingleton<TitleEvents>();
        builder.Services.AddSingleton<IValidator<Rejection>, RejectionValidator>();
    }

    /// <inheritdoc/>
    public static void Map(WebApplication app)
    {
        var orderEvents = app.Services.GetRequiredService<OrderEvents>();
        var titleEvents = app.Services.GetRequiredService<TitleEvents>();
        app.MapEvents<StoreDb>()
            .OnceIn<StoreDb, OrderEvent>(Topics.Orders, ContractsJson.Default.CloudEventOrderEvent, OrderEvents.Types, orderEvents.ApplyAsync)
            .OnceIn<StoreDb, TitleEvent>(Topics.Titles, ContractsJson.Default.CloudEventTitleEvent, TitleEvents.Types, titleEvents.ApplyAsync);
        StoreApi.Map(app);
        Stops.Map(app);
        ReviewsApi.Map(app);
        ReviewRequests.Map(app);
        StoreAudit.Map(app);
        Republishing.Map(app);
    }
}
