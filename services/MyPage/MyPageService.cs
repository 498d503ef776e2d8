using OrderMall.Contracts;
using OrderMall.ServiceDefaults;
using OrderMall.ServiceDefaults.Messaging;

namespace OrderMall.MyPage;

/// <summary>Each person's view of their orders, kept in the state store.</summary>
public sealed class MyPageService : IMallService
{
    /// <inheritdoc/>
    public static string AppId => AppIds.MyPage;

    /// <inheritdoc/>
    public static void Configure(WebApplicationBuilder builder)
    {
        builder.Services.ConfigureHttpJsonOptions(options => options.SerializerOptions.TypeInfoResolverChain.Insert(0, MyPageJson.Default));
        builder.Services.AddSingleton<OrderIndex>();
        builder.Services.AddSingleton<OrderPages>();
        builder.Services.AddSingleton<Listeners>();
    }

    /// <inheritdoc/>
    public static void Map(WebApplication app)
    {
        var pages = app.Services.GetRequiredService<OrderPages>();
        app.MapEvents()
            .On(Topics.Orders, ContractsJson.Default.CloudEventOrderEvent, OrderEvent.OfPublicOrders, (_, e, cancellationToken) => pages.ApplyAsync(e.Data, cancellationToken));
        OrdersApi.Map(app);
        MyPageAudit.Map(app);
    }
}
