using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;
using MailKit.Security;
using Npgsql;
using OrderMall.Contracts;
using OrderMall.Contracts.Events;
using OrderMall.Notification;
using OrderMall.Postgres;
using OrderMall.ServiceDefaults;

namespace OrderMall.Services.Tests;

/// <summary>Messages as emails, over a real SMTP server.</summary>
[Collection(ServiceCollection.Name)]
public sealed class EmailTests(ServiceFixture fixture) : IAsyncLifetime
{
    private readonly SmtpServer _server = SmtpServer.Start();
    private RunningService<NotificationService> _notification = null!;

    public async Task InitializeAsync() => _notification = await StartAsync(_server.Port);

    public async Task DisposeAsync()
    {
        await _notification.DisposeAsync();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task A_message_is_sent_to_the_persons_address_once_however_often_its_event_comes()
    {
        await _notification.StartReplicaAsync();
        await RegisterAsync("alice", "Alice Kim");
        var order = Orders.Table(customer: "alice", merchant: "nobody");
        var eventId = Guid.CreateVersion7().ToString();
        await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => _notification.DeliverAsync(OrderEvent.Accepted, order, eventId)));
        await ComesToRestAsync("Sent");
        await _notification.DeliverAsync(OrderEvent.Accepted, order, eventId);
        await ComesToRestAsync("Sent");

        var mail = Assert.Single(_server.Mails);
        Assert.Equal("mall@mall.test", mail.From);
        Assert.Equal(["alice@mall.test"], mail.Recipients);
        Assert.Equal("Order accepted: A table for two", mail.Headers["Subject"]);
        Assert.Equal("OrderMall <mall@mall.test>", mail.Headers["From"]);
        Assert.Equal(
            "Hello Alice Kim,\r\n\r\nThank you: we have your order of 1 × A table for two (30,000 KRW, on 2026-12-24, at Bistro Seoul). You paid 10,000 KRW.\r\n",
            mail.Text);
        Assert.Single(await InboxAsync("alice"));
    }

    [Fact]
    public async Task Everybody_with_an_interest_is_written_to()
    {
        foreach (var person in new[] { "fan-1", "fan-2", "fan-3" })
        {
            await RegisterAsync(person);
            using var client = _notification.As(person, Roles.Customer);
            using var chosen = await client.PutAsJsonAsync("/api/notifications/interests", new { kinds = new[] { person == "fan-3" ? "table" : "vaccination" } });
            Assert.Equal(HttpStatusCode.OK, chosen.StatusCode);
        }

        var offer = new OfferEvent(Guid.CreateVersion7(), 1, DateTimeOffset.UtcNow, "clinic", "vaccination", "Flu", 0m, "KRW", new DateOnly(2026, 12, 1), "Seoul Hospital");
        var eventId = Guid.CreateVersion7().ToString();
        foreach (var _ in Enumerable.Range(0, 2))
            Assert.Equal("SUCCESS", await _notification.TryDeliverAsync(OfferEvent.Registered, offer, eventId));
        await ComesToRestAsync("Sent", "Sent");
        Assert.Equal(["fan-1@mall.test", "fan-2@mall.test"], _server.Mails.SelectMany(mail => mail.Recipients).Order());
        Assert.Equal(2, _server.Mails.Select(mail => mail.Headers["Message-ID"]).Distinct().Count());
    }

    [Theory]
    [InlineData("MAIL FROM:<mall@mall.test>", "421 too busy")]
    [InlineData("MAIL FROM:<mall@mall.test>", "530 sign in first")]
    [InlineData("RCPT TO:<alice@mall.test>", "451 try again")]
    [InlineData("DATA", SmtpServer.BreaksOff)]
    [InlineData(SmtpServer.EndOfData, "452 no room")]
    [InlineData(SmtpServer.EndOfData, SmtpServer.BreaksOff)]
    public Task What_the_server_could_not_take_is_tried_again(string at, string answer) => IsTriedAgainAsync(at, answer, _notification);

    [Theory]
    [InlineData("RCPT TO:<alice@mall.test>")]
    [InlineData(SmtpServer.EndOfData)]
    public async Task What_the_server_does_not_answer_in_time_is_tried_again(string at)
    {
        await using var notification = await StartAsync(_server.Port, "Smtp:TimeLimit=00:00:02");
        await IsTriedAgainAsync(at, SmtpServer.IsSilent, notification);
    }

    [Theory]
    [InlineData("RCPT TO:<gone@mall.test>", "550 no such user")]
    [InlineData(SmtpServer.EndOfData, "554 we do not want this")]
    public async Task What_the_server_refuses_for_good_is_not_tried_again(string at, string answer)
    {
        _server.Refuses = command => command == at ? answer : null;
        await RegisterAsync("gone");
        await _notification.DeliverAsync(OrderEvent.Shipped, Orders.Book(customer: "gone"));
        await ComesToRestAsync("Failed");
        Assert.Single(_server.Refused);
        Assert.Equal(1, await AttemptsAsync());
        Assert.Single(await InboxAsync("gone"));

        _server.Refuses = _ => null;
        await RegisterAsync("alice");
        await _notification.DeliverAsync(OrderEvent.Shipped, Orders.Book(customer: "alice"));
        await ComesToRestAsync("Failed", "Sent");
        Assert.Equal(["alice@mall.test"], Assert.Single(_server.Mails).Recipients);
    }

    [Fact]
    public async Task Who_cannot_be_reached_is_given_up_in_the_end()
    {
        _server.Refuses = command => command.StartsWith("RCPT", StringComparison.Ordinal) ? "451 try again" : null;
        await RegisterAsync("alice");
        await ExecuteAsync("INSERT INTO email (id, person_id, subject, text, status, attempts, due_at) VALUES (gen_random_uuid(), 'alice', 'Hello', 'Hello', 'Queued', 11, now())");
        await ComesToRestAsync("Failed");
        Assert.Single(_server.Refused);
    }

    [Fact]
    public void Pauses_between_attempts_grow_over_hours_and_come_to_an_end()
    {
        var now = DateTimeOffset.UnixEpoch;
        var pauses = new List<TimeSpan>();
        for (var attempt = 1; ; attempt++)
        {
            var email = new Email { Id = Guid.Empty, PersonId = "alice", Subject = "", Text = "", Status = OutgoingStatus.Queued, Attempts = attempt, DueAt = now };
            email.Refused(isFinal: false, new SmtpOptions().RetryAfter, now);
            if (email.Status == OutgoingStatus.Failed)
                break;
            pauses.Add(email.DueAt - now);
        }

        Assert.Equal(pauses.Order(), pauses);
        Assert.Equal((TimeSpan.FromSeconds(30), TimeSpan.FromHours(2)), (pauses[0], pauses[^1]));
        Assert.InRange(pauses.Aggregate((all, pause) => all + pause), TimeSpan.FromHours(6), TimeSpan.FromHours(12));
    }

    [Fact]
    public async Task A_server_that_is_absent_at_first_gets_what_waited_for_it()
    {
        var port = LoopbackPort.Find(1)[0];
        await using var notification = await StartAsync(port);
        await RegisterAsync("alice", notification: notification);
        await notification.DeliverAsync(OrderEvent.Shipped, Orders.Book(customer: "alice"));
        await Eventually.BecomesAsync(true, async () => await AttemptsAsync(notification) >= 2);
        await using var server = SmtpServer.Start(port);
        await Eventually.BecomesAsync("Sent", async () => Assert.Single(await StatusesAsync(notification)));
        Assert.Single(server.Mails);
    }

    [Fact]
    public async Task Nothing_but_a_code_is_sent_to_an_address_until_its_reader_has_confirmed_it()
    {
        await _notification.DeliverAsync(OrderEvent.Accepted, Orders.Book(customer: "newcomer"));
        foreach (var _ in Enumerable.Range(0, 2))
            await ComesAsync("newcomer", "Win at https://evil.test");
        await _notification.DeliverAsync(OrderEvent.Shipped, Orders.Book(customer: "newcomer"));
        await ComesToRestAsync("Sent");
        var confirmation = Assert.Single(_server.Mails);
        var code = Regex.Match(confirmation.Text, "[0-9]{8}").Value;
        Assert.DoesNotContain("evil", confirmation.Text, StringComparison.Ordinal);

        using var client = _notification.As("newcomer", Roles.Customer);
        Assert.False((await client.GetFromJsonAsync<JsonElement>("/api/notifications/address")).GetProperty("confirmed").GetBoolean());
        Assert.Equal(HttpStatusCode.BadRequest, await ConfirmAsync(client, "not-it"));
        Assert.Equal(HttpStatusCode.Conflict, await ConfirmAsync(client, code == "00000000" ? "00000001" : "00000000"));
        Assert.Equal(HttpStatusCode.OK, await ConfirmAsync(client, code));
        Assert.True((await client.GetFromJsonAsync<JsonElement>("/api/notifications/address")).GetProperty("confirmed").GetBoolean());
        using var another = await client.PostAsync("/api/notifications/address/code", null);
        Assert.Equal(HttpStatusCode.Conflict, another.StatusCode);

        await _notification.DeliverAsync(OrderEvent.Shipped, Orders.Book(customer: "newcomer"));
        await ComesToRestAsync("Sent", "Sent");
        Assert.StartsWith("Hello,\r\n", _server.Mails.Last().Text, StringComparison.Ordinal);
        // Another address is another reader's.
        Assert.Equal("SUCCESS", await _notification.TryDeliverAsync(AccountEvent.Registered, new AccountEvent("newcomer", DateTimeOffset.UtcNow, "other@mall.test", "Kim")));
        Assert.False((await client.GetFromJsonAsync<JsonElement>("/api/notifications/address")).GetProperty("confirmed").GetBoolean());
    }

    [Fact]
    public async Task A_reader_of_Korean_is_written_to_in_Korean_from_the_code_on()
    {
        Assert.Equal("SUCCESS", await _notification.TryDeliverAsync(AccountEvent.Registered, new AccountEvent("newcomer", DateTimeOffset.UtcNow, "newcomer@mall.test", "김철수", ["fr", "ko", "en"])));
        await ComesToRestAsync("Sent");
        var confirmation = Assert.Single(_server.Mails);
        Assert.Equal("이메일 주소 확인", confirmation.Headers["Subject"]);
        Assert.StartsWith("김철수 님, 안녕하세요.\r\n\r\n이메일 주소 확인 코드는 ", confirmation.Text, StringComparison.Ordinal);
        using var client = _notification.As("newcomer", Roles.Customer);
        Assert.Equal(HttpStatusCode.OK, await ConfirmAsync(client, Regex.Match(confirmation.Text, "[0-9]{8}").Value));
        await _notification.DeliverAsync(OrderEvent.Shipped, Orders.Book(customer: "newcomer"));
        await ComesToRestAsync("Sent", "Sent");
        Assert.StartsWith("김철수 님, 안녕하세요.\r\n\r\n주문하신 상품이 출발했습니다", _server.Mails.Last().Text, StringComparison.Ordinal);
        // What they choose counts for more than what their browser is set to, however often they are registered.
        using var chosen = await client.PutAsJsonAsync("/api/notifications/language", new { language = "en" });
        Assert.Equal("SUCCESS", await _notification.TryDeliverAsync(AccountEvent.Registered, new AccountEvent("newcomer", DateTimeOffset.UtcNow, "newcomer@mall.test", "김철수", ["ko"])));
        await _notification.DeliverAsync(OrderEvent.Delivered, Orders.Book(customer: "newcomer"));
        await ComesToRestAsync("Sent", "Sent", "Sent");
        Assert.StartsWith("Hello 김철수,", _server.Mails.Last().Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_code_is_not_found_by_guessing_and_three_are_sent_in_an_hour()
    {
        await ComesAsync("newcomer");
        using var client = _notification.As("newcomer", Roles.Customer);
        var right = (string)(await ExecuteAsync("SELECT code FROM person"))!;
        foreach (var guess in Enumerable.Range(0, 11).Select(i => $"{i:D8}").Where(guess => guess != right).Take(10))
            Assert.Equal(HttpStatusCode.Conflict, await ConfirmAsync(client, guess));
        Assert.Equal(HttpStatusCode.Conflict, await ConfirmAsync(client, right));

        var answers = new List<HttpStatusCode>();
        for (var i = 0; i < 3; i++)
        {
            using var another = await client.PostAsync("/api/notifications/address/code", null);
            answers.Add(another.StatusCode);
        }

        Assert.Equal([HttpStatusCode.Accepted, HttpStatusCode.Accepted, HttpStatusCode.Conflict], answers);
        Assert.Equal(HttpStatusCode.Conflict, await ConfirmAsync(client, right));
        await ExecuteAsync("UPDATE person SET code_until = now()");
        Assert.Equal(HttpStatusCode.Conflict, await ConfirmAsync(client, (string)(await ExecuteAsync("SELECT code FROM person"))!));
        await ExecuteAsync("UPDATE person SET code_until = now() + interval '1 day'");
        Assert.Equal(HttpStatusCode.OK, await ConfirmAsync(client, (string)(await ExecuteAsync("SELECT code FROM person"))!));
    }

    [Fact]
    public async Task A_person_is_sent_sixty_emails_an_hour_at_most_and_news_does_not_use_them_up()
    {
        await RegisterAsync("alice");
        await ExecuteAsync("INSERT INTO interest (person_id, kinds) VALUES ('alice', ARRAY['vaccination'])");
        await ExecuteAsync("INSERT INTO email (id, person_id, subject, text, status, attempts, due_at) SELECT gen_random_uuid(), 'alice', 'News', '', 'Sent', 1, now() + interval '1 day' FROM generate_series(1, 10)");
        Assert.Equal("SUCCESS", await _notification.TryDeliverAsync(OfferEvent.Registered, new OfferEvent(Guid.CreateVersion7(), 1, DateTimeOffset.UtcNow, "clinic", "vaccination", "Flu", 0m, "KRW", null, null)));
        await Eventually.BecomesAsync<object?>(1L, () => ExecuteAsync("SELECT count(*) FROM message"));
        Assert.Equal(10, (await StatusesAsync()).Count);
        for (var i = 0; i < 52; i++)
            await _notification.DeliverAsync(OrderEvent.Shipped, Orders.Book(customer: "alice"));
        Assert.Equal(60, (await StatusesAsync()).Count);
        Assert.Equal(53L, await ExecuteAsync("SELECT count(*) FROM message"));
        await ExecuteAsync("UPDATE email SET queued_at = queued_at - interval '1 hour'");
        await _notification.DeliverAsync(OrderEvent.Shipped, Orders.Book(customer: "alice"));
        Assert.Equal(61, (await StatusesAsync()).Count);
    }

    private static async Task<HttpStatusCode> ConfirmAsync(HttpClient client, string code)
    {
        using var answer = await client.PostAsJsonAsync("/api/notifications/address/confirmation", new { code });
        return answer.StatusCode;
    }

    [Fact]
    public async Task An_email_sent_again_after_a_crash_can_be_recognised()
    {
        await RegisterAsync("alice");
        await _notification.DeliverAsync(OrderEvent.Shipped, Orders.Book(customer: "alice"));
        await ComesToRestAsync("Sent");
        // As a crash before the commit leaves it.
        await ExecuteAsync("UPDATE email SET status = 'Queued', due_at = now()");
        await Eventually.BecomesAsync(2, () => Task.FromResult(_server.Mails.Count));
        Assert.Single(_server.Mails.Select(mail => mail.Headers["Message-ID"]).Distinct());
    }

    [Fact]
    public async Task What_people_write_cannot_make_headers_or_recipients()
    {
        await RegisterAsync("alice", "Alice\r\nBcc: victim@mall.test\r\n\r\nBuy this");
        var order = Orders.Book(customer: "alice") with { Title = "한국\r\nBcc: victim@mall.test\r\n\r\nBuy\u2028this\n.\nQUIT\r\n" };
        await _notification.DeliverAsync(OrderEvent.Shipped, order);
        await ComesToRestAsync("Sent");
        var mail = Assert.Single(_server.Mails);
        Assert.Equal(["alice@mall.test"], mail.Recipients);
        Assert.DoesNotContain("Bcc", mail.Headers.Keys);
        Assert.StartsWith("Order shipped: 한국  Bcc: victim@mall.test    Buy this ", mail.Headers["Subject"], StringComparison.Ordinal);
        Assert.StartsWith("Hello,\r\n\r\n", mail.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("x<victim@mall.test>")]
    [InlineData("a..b@mall.test")]
    [InlineData("john.@mall.test")]
    [InlineData("one@mall.test,two@mall.test")]
    public async Task Nobody_is_written_to_at_what_is_not_one_address(string email)
    {
        Assert.Equal("SUCCESS", await _notification.TryDeliverAsync(AccountEvent.Registered, new AccountEvent("odd", DateTimeOffset.UtcNow, email, "Odd")));
        await _notification.DeliverAsync(OrderEvent.Shipped, Orders.Book(customer: "odd"));
        await ComesToRestAsync("Failed");
        Assert.Empty(_server.Mails);
    }

    [Fact]
    public async Task What_was_dealt_with_long_ago_is_forgotten()
    {
        await RegisterAsync("alice");
        await _notification.DeliverAsync(OrderEvent.Shipped, Orders.Book(customer: "alice"));
        await ComesToRestAsync("Sent");
        Assert.Equal(1L, await ExecuteAsync("SELECT count(*) FROM email WHERE due_at > now() + interval '6 days'"));
        await ExecuteAsync("UPDATE email SET due_at = now()");
        await ComesToRestAsync();
        Assert.Single(_server.Mails);
    }

    [Fact]
    public async Task Without_a_server_nothing_is_queued()
    {
        await using var notification = await StartAsync(port: null);
        await RegisterAsync("alice", notification: notification);
        await notification.DeliverAsync(OrderEvent.Shipped, Orders.Book(customer: "alice"));
        Assert.Empty(await StatusesAsync(notification));
        Assert.Single(await InboxAsync("alice", notification));
    }

    [Theory]
    [InlineData(25, false, SecureSocketOptions.None)]
    [InlineData(587, true, SecureSocketOptions.StartTls)]
    [InlineData(465, true, SecureSocketOptions.SslOnConnect)]
    public void The_connection_is_encrypted_as_configured(int port, bool enableSsl, SecureSocketOptions expected) =>
        Assert.Equal(expected, new SmtpOptions { Port = port, EnableSsl = enableSsl }.Encryption);

    [Theory]
    [InlineData("Smtp:Host", "Smtp:From=mall@mall.test")]
    [InlineData("Smtp:Port", "Smtp:Host=localhost", "Smtp:From=mall@mall.test", "Smtp:Port=70000")]
    [InlineData("Smtp:Port", "Smtp:Host=localhost", "Smtp:From=mall@mall.test", "Smtp:Port=465")]
    [InlineData("Smtp:Port", "Smtp:Host=localhost", "Smtp:From=mall@mall.test", "Smtp:Port=many")]
    [InlineData("Smtp:From", "Smtp:Host=localhost")]
    [InlineData("Smtp:From", "Smtp:Host=localhost", "Smtp:From=mall")]
    [InlineData("Smtp:Password", "Smtp:Host=localhost", "Smtp:From=mall@mall.test", "Smtp:User=mall")]
    [InlineData("Smtp:User", "Smtp:Host=localhost", "Smtp:From=mall@mall.test", "Smtp:Password=secret")]
    [InlineData("Smtp:TimeLimit", "Smtp:Host=localhost", "Smtp:From=mall@mall.test", "Smtp:TimeLimit=00:10:00")]
    [InlineData("Smtp:RetryAfter", "Smtp:Host=localhost", "Smtp:From=mall@mall.test", "Smtp:RetryAfter=0")]
    [InlineData("Hots", "Smtp:Hots=localhost")]
    public void A_mistake_in_the_configuration_is_named_at_the_start(string key, params string[] settings)
    {
        var mistake = Assert.Throws<InvalidOperationException>(() => ServiceHost.Create<NotificationService>(["DAPR_GRPC_PORT=50001", "APP_API_TOKEN=token", .. settings]));
        Assert.Contains(key, mistake.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", mistake.Message, StringComparison.Ordinal);
    }

    private async Task IsTriedAgainAsync(string at, string answer, RunningService<NotificationService> notification)
    {
        var failures = 0;
        _server.Refuses = command => command == at && Interlocked.Increment(ref failures) <= 2 ? answer : null;
        await RegisterAsync("alice", notification: notification);
        await notification.DeliverAsync(OrderEvent.Shipped, Orders.Book(customer: "alice"));
        await Eventually.BecomesAsync("Sent", async () => Assert.Single(await StatusesAsync(notification)));
        Assert.Equal("Order shipped: The Long Way", Assert.Single(_server.Mails).Headers["Subject"]);
        Assert.Equal(3, failures);
    }

    private async Task<RunningService<NotificationService>> StartAsync(int? port, params string[] settings)
    {
        var notification = new RunningService<NotificationService>(fixture)
        {
            Settings = port is null ? [] :
            [
                "Smtp:Host=127.0.0.1",
                $"Smtp:Port={port.Value.ToString(CultureInfo.InvariantCulture)}",
                "Smtp:From=OrderMall <mall@mall.test>",
                "Smtp:RetryAfter=00:00:00.1",
                .. settings,
            ],
        };
        await notification.InitializeAsync();
        return notification;
    }

    // With an address that was confirmed.
    private async Task RegisterAsync(string personId, string? name = null, RunningService<NotificationService>? notification = null)
    {
        await ExecuteAsync($"INSERT INTO person (person_id, email, name, confirmed_at) VALUES ('{personId}', '{personId}@mall.test', '', now()) ON CONFLICT DO NOTHING", notification);
        await ComesAsync(personId, name, notification);
    }

    private async Task ComesAsync(string personId, string? name = null, RunningService<NotificationService>? notification = null) =>
        Assert.Equal("SUCCESS", await (notification ?? _notification).TryDeliverAsync(AccountEvent.Registered, new AccountEvent(personId, DateTimeOffset.UtcNow, $"{personId}@mall.test", name ?? personId)));

    private Task ComesToRestAsync(params string[] statuses) =>
        Eventually.BecomesAsync(string.Join(',', statuses), async () => string.Join(',', await StatusesAsync()));

    private async Task<List<string>> StatusesAsync(RunningService<NotificationService>? notification = null) =>
        [.. ((string[])(await ExecuteAsync("SELECT coalesce(array_agg(status ORDER BY status), '{}') FROM email", notification))!)];

    private async Task<int> AttemptsAsync(RunningService<NotificationService>? notification = null) =>
        (int)(await ExecuteAsync("SELECT max(attempts) FROM email", notification))!;

    private async Task<object?> ExecuteAsync(string sql, RunningService<NotificationService>? notification = null)
    {
        await using var database = NpgsqlDataSource.Create((notification ?? _notification).ConnectionString);
        await using var command = database.CreateCommand(sql);
        return await command.ExecuteScalarAsync();
    }

    private async Task<List<JsonElement>> InboxAsync(string personId, RunningService<NotificationService>? notification = null)
    {
        using var client = (notification ?? _notification).As(personId, Roles.Customer);
        return [.. (await client.GetFromJsonAsync<JsonElement>("/api/notifications")).GetProperty("items").EnumerateArray()];
    }
}
