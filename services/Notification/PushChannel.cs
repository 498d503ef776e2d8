namespace OrderMall.Notification;

/// <summary>
/// Messages that go to people's phones and browsers, or as SMS, by a provider that is asked over HTTP; to those who have chosen it (<see cref="ChannelsApi"/>).
/// Queued as emails are. Where no provider is configured there is no such channel, and nothing is queued.
/// </summary>
internal sealed class PushChannel : IMessageChannel
{
    public string TakeIn =>
        $"""
        INSERT INTO push (id, person_id, order_id, subject, text, status, attempts, due_at, queued_at, at)
        SELECT {Outgoing.IdOfLetter}, person_id, order_id, subject, text, 'Queued', 0, now(), now(), at
        FROM letter JOIN push_choice USING (person_id)
        WHERE {Outgoing.Fits("push")}
        ON CONFLICT DO NOTHING
        """;

    /// <exception cref="InvalidOperationException">The configuration is not complete or not possible.</exception>
    public static void AddIfConfigured(WebApplicationBuilder builder)
    {
        if (PushOptions.Read(builder.Configuration) is not { } options)
            return;
        builder.Services.AddSingleton(options);
        builder.Services.AddSingleton<ICarrier<Push>, PushCarrier>();
        builder.Services.AddSingleton<IMessageChannel, PushChannel>();
        builder.Services.AddScoped<OutgoingSender<Push>>();
        builder.Services.AddHostedService<PushJob>();
    }
}
