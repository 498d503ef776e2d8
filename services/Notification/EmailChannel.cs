namespace OrderMall.Notification;

/// <summary>
/// Messages that are sent as emails, to those who have confirmed their address: queued here, together with the same message in the other channels, and
/// handed to the SMTP server by <see cref="EmailJob"/>. Where no server is configured there is no such channel, and nothing is queued.
/// </summary>
internal sealed class EmailChannel : IMessageChannel
{
    public string TakeIn =>
        $"""
        INSERT INTO email (id, person_id, subject, text, status, attempts, due_at, queued_at)
        SELECT {Outgoing.IdOfLetter}, person_id, subject, text, 'Queued', 0, now(), now()
        FROM letter JOIN person USING (person_id)
        WHERE confirmed_at IS NOT NULL AND {Outgoing.Fits("email")}
        ON CONFLICT DO NOTHING
        """;

    /// <exception cref="InvalidOperationException">The configuration is not complete or not possible.</exception>
    public static void AddIfConfigured(WebApplicationBuilder builder)
    {
        if (SmtpOptions.Read(builder.Configuration) is not { } options)
            return;
        builder.Services.AddSingleton(options);
        builder.Services.AddSingleton<ICarrier<Email>, Smtp>();
        builder.Services.AddSingleton<IMessageChannel, EmailChannel>();
        builder.Services.AddScoped<OutgoingSender<Email>>();
        builder.Services.AddHostedService<EmailJob>();
    }
}
