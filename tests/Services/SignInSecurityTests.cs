using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using OrderMall.Contracts;
using OrderMall.Gateway;
using OrderMall.Gateway.Accounts;

namespace OrderMall.Services.Tests;

/// <summary>Passwords cannot be guessed, nobody can be locked out by guessing, and nothing tells whether there is an account.</summary>
[Collection(DoorCollection.Name)]
public sealed class SignInSecurityTests(RunningService<GatewayService> gateway) : IClassFixture<RunningService<GatewayService>>
{
    private const int GuessesAtOnce = 10;
    private const int Attempts = 10;

    [SeveralAddressesFact]
    public async Task Guessing_at_an_account_comes_to_an_end_for_who_guesses_and_not_for_whose_it_is()
    {
        using var owner = From("127.0.0.2");
        using var guesser = From("127.0.0.3");
        var email = await RegisterAsync(owner);

        // At once: none may slip through while others are still looked at.
        var guesses = await Task.WhenAll(Enumerable.Range(0, 3 * GuessesAtOnce).Select(_ => SignInAsync(guesser, email, "Wrong-pass-1")));
        Assert.Equal(GuessesAtOnce, guesses.Count(guess => guess.Status == HttpStatusCode.Unauthorized));
        foreach (var refused in guesses.Where(guess => guess.Status != HttpStatusCode.Unauthorized))
        {
            Assert.Equal((HttpStatusCode.TooManyRequests, "urn:ordermall:problem:too-many-requests"), (refused.Status, (string?)refused.Body["type"]));
            Assert.InRange(refused.RetryAfter, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(30));
        }

        // Not even the right one is told from a wrong one now; another account's is.
        Assert.Equal(HttpStatusCode.TooManyRequests, (await SignInAsync(guesser, email, Demo.Password)).Status);
        Assert.Equal(HttpStatusCode.TooManyRequests, (await SignInAsync(guesser, email.ToUpperInvariant(), Demo.Password)).Status);
        Assert.Equal(HttpStatusCode.OK, (await SignInAsync(guesser, await RegisterAsync(guesser), Demo.Password)).Status);
        Assert.Equal(HttpStatusCode.OK, (await SignInAsync(owner, email, Demo.Password)).Status);
    }

    [SeveralAddressesFact]
    public async Task Signing_in_often_is_no_guessing()
    {
        using var customer = From("127.0.0.4");
        var email = await RegisterAsync(customer);
        for (var time = 0; time < 2 * GuessesAtOnce; time++)
            Assert.Equal(HttpStatusCode.OK, (await SignInAsync(customer, email, Demo.Password)).Status);
    }

    [SeveralAddressesFact]
    public async Task An_account_that_does_not_exist_answers_like_one_that_does_and_takes_as_long()
    {
        using var attacker = From("127.0.0.5");
        var (known, unknown) = (await RegisterAsync(attacker), $"{Guid.NewGuid():N}@mall.test");
        var (ofKnown, ofUnknown) = (new List<Said>(), new List<Said>());
        await SignInAsync(attacker, unknown, "Wrong-pass-1"); // what takes its time only once
        for (var guess = 1; guess < GuessesAtOnce + 2; guess++)
        {
            ofKnown.Add(await SignInAsync(attacker, known, "Wrong-pass-1"));
            ofUnknown.Add(await SignInAsync(attacker, unknown, "Wrong-pass-1"));
        }

        Assert.Equal(HttpStatusCode.Unauthorized, ofKnown[0].Status);
        Assert.Equal(ofKnown[0].Words, ofUnknown[0].Words);
        Assert.Equal(HttpStatusCode.TooManyRequests, ofKnown[^1].Status);
        Assert.Equal(HttpStatusCode.TooManyRequests, ofUnknown[^1].Status);
        // Without the hashing it would take a tenth.
        var (tookKnown, tookUnknown) = (Fastest(ofKnown), Fastest(ofUnknown));
        Assert.True(tookUnknown > tookKnown / 2 && tookKnown > tookUnknown / 2, $"Of an account that exists {tookKnown}, of one that does not {tookUnknown}.");
    }

    [SeveralAddressesFact]
    public async Task Signing_in_from_one_address_is_limited_whatever_the_accounts()
    {
        using var attacker = From("127.0.0.6");
        using var other = From("127.0.0.7");
        var answers = await Task.WhenAll(Enumerable.Range(0, 150).Select(i => SignInAsync(attacker, $"somebody-{i}@mall.test", "Wrong-pass-1")));
        Assert.Equal([HttpStatusCode.Unauthorized, HttpStatusCode.TooManyRequests], answers.Select(answer => answer.Status).Distinct().Order());
        Assert.All(answers.Where(answer => answer.Status == HttpStatusCode.TooManyRequests), answer => Assert.True(answer.RetryAfter > TimeSpan.Zero));
        Assert.Equal(HttpStatusCode.Unauthorized, (await SignInAsync(other, "somebody@mall.test", "Wrong-pass-1")).Status);
    }

    [Fact]
    public void Guesses_from_many_addresses_are_few_and_come_back_and_do_not_hold_up_a_known_address()
    {
        var time = new Clock();
        using var guesses = new PasswordGuesses(time);
        Assert.Equal(TimeSpan.Zero, guesses.Take("OWNER", "home"));
        guesses.WasRight("OWNER", "home");

        var taken = Enumerable.Range(0, 1000).Count(address => guesses.Take("OWNER", $"{address}") == TimeSpan.Zero);
        Assert.Equal(60, taken);
        Assert.Equal(TimeSpan.FromSeconds(10), guesses.Take("OWNER", "elsewhere"));
        Assert.Equal(TimeSpan.Zero, guesses.Take("OWNER", "home"));
        Assert.Equal(TimeSpan.Zero, guesses.Take("OTHER", "elsewhere"));

        time.Now += TimeSpan.FromDays(1);
        var oneDay = 0;
        for (var hour = 0; hour < 24; hour++, time.Now += TimeSpan.FromHours(1))
            oneDay += Enumerable.Range(0, 1000).Count(address => guesses.Take("OWNER", $"{hour} {address}") == TimeSpan.Zero);
        Assert.Equal(24 * 60, oneDay);
    }

    // What else the machine does at the moment only adds to it.
    private static TimeSpan Fastest(List<Said> answers) => answers.Where(answer => answer.Status == HttpStatusCode.Unauthorized).Min(answer => answer.Took);

    private static async Task<string> RegisterAsync(HttpClient person)
    {
        var email = $"{Guid.NewGuid():N}@mall.test";
        using var response = await person.PostAsJsonAsync("/api/account/register", new { email, password = Demo.Password, name = "A customer" });
        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        return email;
    }

    private static async Task<Said> SignInAsync(HttpClient person, string email, string password)
    {
        for (var attempt = 1; ; attempt++)
        {
            var began = Stopwatch.GetTimestamp();
            using var response = await person.PostAsJsonAsync("/api/account/login", new { email, password });
            var body = (await response.Content.ReadFromJsonAsync<JsonObject>())!;
            var said = new Said(response.StatusCode, response.Headers.RetryAfter?.Delta ?? TimeSpan.Zero, body, Stopwatch.GetElapsedTime(began));
            // A slow machine has no time for all of them at once: whoever is told so asks again when it says.
            if ((string?)body["type"] != "urn:ordermall:problem:overloaded" || attempt == Attempts)
                return said;
            await Task.Delay(said.RetryAfter);
        }
    }

    private HttpClient From(string address) => Elsewhere.Client(gateway.Internal.BaseAddress!, address);

    private sealed record Said(HttpStatusCode Status, TimeSpan RetryAfter, JsonObject Body, TimeSpan Took)
    {
        /// <summary>Without what differs from request to request.</summary>
        public string Words => string.Join('\n', Body.Where(said => said.Key != "traceId"));
    }

    private sealed class Clock : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = DateTimeOffset.UtcNow;

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
