namespace OrderMall.Notification;

/// <summary>
/// Messages that are sent as emails: queued here, together with the same message in the other channels, and handed to
/// the SMTP server by <see cref="EmailSender"/>. Where no server is configured there is no such channel, and nothing is queued.
/// </summary>
internal sealed class EmailChannel : IMessageChannel
{
    private const int EmailsAnHour = 60;
    private const int BesidesOrdersAnHour = 10;

    // To those who have confirmed their address, and so many an hour at most: the rest they read in the app. What is news may not use up
    // what is for orders.
    public string TakeIn =>
        $"""
        INSERT INTO email (id, person_id, subject, text, status, attempts, due_at, queued_at)
        SELECT encode(substr(sha256(convert_to(id || '/' || person_id, 'UTF8')), 1, 16), 'hex')::uuid, person_id, subject, text, 'Queued', 0, now(), now()
        FROM letter JOIN person USING (person_id)
        WHERE confirmed_at IS NOT NULL
          AND (SELECT count(*) FROM email WHERE email.person_id = letter.person_id AND queued_at > now() - interval '1 hour') < CASE WHEN order_id IS NULL THEN {BesidesOrdersAnHour} ELSE {EmailsAnHour} END
        ON CONFLICT DO NOTHING
        """;

    /// <exception cref="InvalidOperationException">The configuration is not complete or not possible.</exception>
    public static void AddIfConfigured(WebApplicationBuilder builder)
    {
        if (SmtpOptions.Read(builder.Configuration) is not { } options)
            return;
        builder.Services.AddSingleton(options);
        builder.Services.AddSingleton<Smtp>();
        builder.Services.AddSingleton<IMessageChannel, EmailChannel>();
        builder.Services.AddScoped<EmailSender>();
        builder.Services.AddHostedService<EmailJob>();
    }
}
