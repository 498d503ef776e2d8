namespace OrderMall.Publishing;

/// <summary>What can go wrong with titles.</summary>
internal static class PublishingAlarms
{
    public static void Add(WebApplicationBuilder builder) =>
        builder.AddCountAlarm(
            new Alarm("ordermall.title.overdue.count", "{title}", 0, "Registrations of titles are Pending beyond their time: they were forgotten."),
            "registration WHERE due_at < now() - interval '1 minute'");
}
