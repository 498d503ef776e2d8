namespace OrderMall.Publishing;

/// <summary>What can go wrong with titles.</summary>
internal static class PublishingAlarms
{
    public static void Add(WebApplicationBuilder builder) =>
        builder.AddAlarm(
            new Alarm("ordermall.title.overdue.count", "{title}", 0, "Registrations of titles are Pending beyond their time: they were forgotten."),
            "SELECT count(*) FROM (SELECT 1 FROM registration WHERE due_at < now() - interval '1 minute' LIMIT 1000) AS few");
}
