using FluentValidation;
using OrderMall.Contracts;
using OrderMall.ServiceDefaults;
using OrderMall.ServiceDefaults.Database;
using OrderMall.ServiceDefaults.Messaging;

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
        builder.Services.ConfigureHttpJsonOptions(json => json.SerializerOptions.TypeInfoResolverChain.Insert(0, CatalogJson.Default));
        builder.Services.AddSingleton<IValidator<RegisterOffer>, RegisterOfferValidator>();
        builder.Services.AddSingleton<IValidator<ChangeOffer>, ChangeOfferValidator>();
        if (builder.Configuration.GetValue<bool>("Mall:Demo") || builder.Environment.IsDevelopment())
            builder.Services.AddHostedService<DemoOffers>();
    }

    /// <inheritdoc/>
    public static void Map(WebApplication app)
    {
        app.MapEvents<CatalogDb>()
            .OnceIn<CatalogDb, OrderEvent>(Topics.Orders, ContractsJson.Default.CloudEventOrderEvent, OrderEvents.Types, OrderEvents.ReleaseAsync)
            .OnceIn<CatalogDb, TitleEvent>(Topics.Titles, ContractsJson.Default.CloudEventTitleEvent, TitleEvents.Types, TitleEvents.PutOnSaleAsync);
        OffersApi.Map(app);
        HoldsApi.Map(app);
        AuditApi.Map(app);
    }
}
