using OrderMall.Contracts;
using OrderMall.ServiceDefaults;
using OrderMall.ServiceDefaults.Messaging;

namespace OrderMall.MyPage;

/// <summary>Each person's view of their orders and titles, kept in the state store.</summary>
public sealed class MyPageService : IMallService
{
    /// <inheritdoc/>
    public static string AppId => AppIds.MyPage;

    /// <inheritdoc/>
    public static void Configure(WebApplicationBuilder builder)
    {
        builder.Services.ConfigureHttpJsonOptions(options => options.SerializerOptions.TypeInfoResolverChain.Insert(0, MyPageJson.Default));
        builder.AddStateDeadLetters();
        AddPages<OrderPage, OrderEvent>(builder.Services);
        AddPages<TitlePage, TitleEvent>(builder.Services);
        builder.Services.AddSingleton<Listeners>();
    }

    /// <inheritdoc/>
    public static void Map(WebApplication app)
    {
        var orders = app.Services.GetRequiredService<Pages<OrderPage, OrderEvent>>();
        var titles = app.Services.GetRequiredService<Pages<TitlePage, TitleEvent>>();
        app.MapEvents()
            .On(Topics.Orders, ContractsJson.Default.CloudEventOrderEvent, OrderEvent.OfPublicOrders, (_, e, cancellationToken) => orders.ApplyAsync(e.Data, cancellationToken))
            .On(Topics.Titles, ContractsJson.Default.CloudEventTitleEvent, TitleEvent.OfPublicTitles, (_, e, cancellationToken) => titles.ApplyAsync(e.Data, cancellationToken));
        MyPageApi.Map(app);
        MyPageAudit.Map(app);
    }

    private static void AddPages<TPage, TEvent>(IServiceCollection services)
        where TPage : class, IPage<TPage, TEvent>
    {
        services.AddSingleton<Pages<TPage, TEvent>>();
        services.AddSingleton<INewest>(provider => provider.GetRequiredService<Pages<TPage, TEvent>>());
    }
}
