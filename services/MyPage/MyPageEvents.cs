namespace OrderMall.MyPage;

/// <summary>What pages are made of, in whatever order the events come.</summary>
internal static class MyPageEvents
{
    public static void Map(WebApplication app)
    {
        var orders = app.Services.GetRequiredService<Pages<OrderPage, OrderEvent>>();
        var titles = app.Services.GetRequiredService<Pages<TitlePage, TitleEvent>>();
        app.MapEvents()
            .On<OrderEvent>(OrderEvent.OfPublicOrders, (_, events, cancellationToken) => orders.ApplyAsync(events, cancellationToken))
            .On<TitleEvent>(TitleEvent.OfPublicTitles, (_, events, cancellationToken) => titles.ApplyAsync(events, cancellationToken));
    }
}
