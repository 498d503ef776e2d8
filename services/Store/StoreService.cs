using FluentValidation;
using OrderMall.Contracts;
using OrderMall.ServiceDefaults;
using OrderMall.ServiceDefaults.Database;
using OrderMall.ServiceDefaults.Messaging;

namespace OrderMall.Store;

/// <summary>The merchants' side: their order book.</summary>
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
        builder.Services.AddSingleton<IValidator<Rejection>, RejectionValidator>();
    }

    /// <inheritdoc/>
    public static void Map(WebApplication app)
    {
        var orderEvents = app.Services.GetRequiredService<OrderEvents>();
        app.MapEvents<StoreDb>()
            .OnceIn<StoreDb, OrderEvent>(Topics.Orders, ContractsJson.Default.CloudEventOrderEvent, OrderEvents.Types, orderEvents.ApplyAsync);
        StoreApi.Map(app);
        Stops.Map(app);
        StoreAudit.Map(app);
    }
}
