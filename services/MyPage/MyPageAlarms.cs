namespace OrderMall.MyPage;

/// <summary>What can go wrong with people's pages.</summary>
internal static class MyPageAlarms
{
    public static void Add(WebApplicationBuilder builder) =>
        builder.AddAlarm(
            new Alarm("ordermall.view.stalled", "s", 120, "People's pages are being made again and that does not go on: GET /api/ops/views/rebuild says why."),
            (services, _) => Task.FromResult(services.GetRequiredService<RebuildJob>().StalledFor.TotalSeconds));
}
