using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using OrderMall.Gateway;
using OrderMall.ServiceDefaults.Api;

namespace OrderMall.Services.Tests;

/// <summary>The gateway's door while a service hangs.</summary>
[Collection(DoorCollection.Name)]
public sealed class AdmissionTests(ServiceFixture fixture)
{
    [Fact]
    public async Task Who_comes_when_all_places_are_taken_is_refused_at_once_and_others_are_let_in()
    {
        await using var gateway = new RunningService<GatewayService>(fixture) { Settings = ["--Gateway:Budgets:PublicReads:AtOnce", "1", "--Gateway:Budgets:PublicReads:Waiting", "0"] };
        await gateway.InitializeAsync();
        var (asked, answers) = (new TaskCompletionSource(), new TaskCompletionSource());
        gateway.Sidecar.Called["catalog/api/offers"] = async context =>
        {
            asked.TrySetResult();
            if (!context.Request.Headers.ContainsKey(GatewayIdentity.UserHeader))
                await answers.Task;
            context.Response.ContentType = "application/json";
            await context.Response.WriteAsync("{}");
        };

        var first = gateway.Internal.GetAsync("/api/offers");
        await asked.Task.WaitAsync(TimeSpan.FromSeconds(15));
        using (var refused = await gateway.Internal.GetAsync("/api/offers"))
        {
            Assert.Equal((HttpStatusCode.ServiceUnavailable, true), (refused.StatusCode, refused.Headers.RetryAfter?.Delta > TimeSpan.Zero));
            Assert.Equal("urn:ordermall:problem:overloaded", (await refused.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("type").GetString());
        }

        // Whoever has signed in, another kind, and what is read elsewhere.
        Assert.Equal(HttpStatusCode.OK, await Accounts.StatusAsync(gateway.Internal, "/api/offers", (await Accounts.SignInAsync(gateway)).AccessToken));
        using (var signIn = await gateway.Internal.PostAsJsonAsync("/api/account/login", new { email = "nobody@customer.test", password = "Correct-horse-7" }))
            Assert.Equal(HttpStatusCode.Unauthorized, signIn.StatusCode);
        Assert.Equal(HttpStatusCode.OK, await StatusAsync("/"));
        Assert.False(first.IsCompleted);

        answers.SetResult();
        using (var answer = await first)
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        // The place is free a moment after the answer is there.
        await Eventually.BecomesAsync(HttpStatusCode.OK, () => StatusAsync("/api/offers"));

        async Task<HttpStatusCode> StatusAsync(string path)
        {
            using var answer = await gateway.Internal.GetAsync(path);
            return answer.StatusCode;
        }
    }

    [Fact]
    public async Task How_many_places_there_are_changes_while_it_runs()
    {
        var file = Path.Combine(Path.GetTempPath(), $"ordermall-{Guid.NewGuid():N}.json");
        await AllowAsync("1");
        try
        {
            await using var gateway = new RunningService<GatewayService>(fixture) { Settings = [$"Configuration:File={file}"] };
            await gateway.InitializeAsync();
            var (first, answers) = (new TaskCompletionSource(), new TaskCompletionSource());
            gateway.Sidecar.Called["catalog/api/offers"] = async context =>
            {
                if (first.TrySetResult())
                    await answers.Task;
                await context.Response.WriteAsJsonAsync(new { });
            };
            var hangs = gateway.Internal.GetAsync("/api/offers");
            await first.Task.WaitAsync(TimeSpan.FromSeconds(15));
            Assert.Equal(HttpStatusCode.ServiceUnavailable, await StatusAsync());

            // What is wrong is said, and changes nothing.
            await AllowAsync("many");
            await Eventually.BecomesAsync(true, () => Task.FromResult(gateway.Logs.GetSnapshot().Any(log => log.Message.Contains("Gateway:Budgets:PublicReads:AtOnce", StringComparison.Ordinal))));
            Assert.Equal(HttpStatusCode.ServiceUnavailable, await StatusAsync());
            await AllowAsync("2");
            await Eventually.BecomesAsync(HttpStatusCode.OK, StatusAsync);
            Assert.False(hangs.IsCompleted);
            answers.SetResult();
            using var answer = await hangs;
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);

            async Task<HttpStatusCode> StatusAsync()
            {
                using var other = await gateway.Internal.GetAsync("/api/offers");
                return other.StatusCode;
            }
        }
        finally
        {
            File.Delete(file);
        }

        Task AllowAsync(string atOnce) => File.WriteAllTextAsync(file, $$"""{"Gateway:Budgets:PublicReads:AtOnce":"{{atOnce}}","Gateway:Budgets:PublicReads:Waiting":"0"}""");
    }
}
