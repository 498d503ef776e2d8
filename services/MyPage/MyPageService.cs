using System.Text.Json.Serialization.Metadata;

namespace OrderMall.MyPage;

/// <summary>Each person's view of their orders and titles, kept in the state store.</summary>
public sealed class MyPageService : IMallService
{
    /// <inheritdoc/>
    public static string AppId => AppIds.MyPage;

    /// <inheritdoc/>
    public static void Configure(WebApplicationBuilder builder)
    {
        builder.AddJson(MyPageJson.Default, ContractsJson.Default);
        builder.AddStateDeadLetters();
        AddPages<OrderPage, OrderEvent>(builder.Services);
        AddPages<TitlePage, TitleEvent>(builder.Services);
        builder.Services.AddSingleton<Listeners>();
        AddSource(builder, AppIds.Ordering, ContractsJson.Default.HistoryPageOrderEventOrderStatus, OrderPage.Of);
        AddSource(builder, AppIds.Publishing, ContractsJson.Default.HistoryPageTitleEventTitleStatus, TitlePage.Of);
        builder.Services.AddOptions<RebuildOptions>().BindConfiguration("Rebuild").ValidateDataAnnotations().ValidateOnStart();
        builder.Services.AddSingleton<RebuildJob>();
        builder.Services.AddHostedService(services => services.GetRequiredService<RebuildJob>());
        MyPageAlarms.Add(builder);
    }

    /// <inheritdoc/>
    public static void Map(WebApplication app)
    {
        MyPageEvents.Map(app);
        MyPageApi.Map(app);
        MyPageAudit.Map(app);
        RebuildCalls.Map(app);
    }

    private static void AddPages<TPage, TEvent>(IServiceCollection services)
        where TPage : class, IPage<TPage, TEvent>
    {
        services.AddSingleton<Pages<TPage, TEvent>>();
        services.AddSingleton<INewest>(provider => provider.GetRequiredService<Pages<TPage, TEvent>>());
    }

    private static void AddSource<TPage, TEvent, TStatus>(
        WebApplicationBuilder builder, string owner, JsonTypeInfo<HistoryPage<TEvent, TStatus>> type, Func<History<TEvent, TStatus>, TPage> read)
        where TPage : class, IPage<TPage, TEvent>
    {
        const int AtOnce = 50;
        builder.AddServiceClient(owner);
        builder.Services.AddSingleton(services => new ViewSource(async (after, cancellationToken) =>
        {
            var page = await services.GetRequiredKeyedService<ServiceClient>(owner).AskAsync(
                "history", new HistoryRequest(after, AtOnce), ContractsJson.Default.HistoryRequest, type, cancellationToken);
            await services.GetRequiredService<Pages<TPage, TEvent>>().RestoreAsync(page.Items.Select(read), cancellationToken);
            return (page.Items.Count, page.Next);
        }));
    }
}
