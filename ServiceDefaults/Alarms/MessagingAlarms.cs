namespace OrderMall.ServiceDefaults.Alarms;

/// <summary>What can go wrong with events, in every service that has some.</summary>
internal static class MessagingAlarms
{
    public static readonly Alarm DeadLetters = new(
        "ordermall.dead_letter.count", "{event}", 0, "Events that could not be handled are parked: GET /api/ops/dead-letters says which and why.");

    // What is published is gone within milliseconds; that the sidecar is unreachable is the usual reason.
    private static readonly Alarm Outbox = new(
        "ordermall.outbox.age", "s", 30, "Events cannot be published: the sidecar or what is behind it does not take them. They stay in the outbox, and no subscriber receives them.");

    public static void AddMessagingAlarms(this WebApplicationBuilder builder)
    {
        builder.AddAlarm(Outbox, "SELECT coalesce((SELECT greatest(0, extract(epoch FROM now() - queued_at)) FROM outbox ORDER BY id LIMIT 1), 0)");
        builder.AddCountAlarm(DeadLetters, "dead_letter");
    }
}
