using System.Net;

namespace OrderMall.Sidecar.Tests;

[Collection(PostgresCollection.Name)]
public sealed class ResiliencyOfEmbedded(PostgresServer postgres) : ResiliencyContract(postgres);

[AgainstDaprd]
public sealed class ResiliencyOfDaprd() : ResiliencyContract(null);

/// <summary>recorded/resiliency.txt, with shorter times.</summary>
public abstract class ResiliencyContract(PostgresServer? postgres) : ContractTests(postgres)
{
    private const string Flaky = "/v1.0/invoke/app-b/method/flaky";
    private const string Open = "failed to invoke, id: app-b, err: circuit breaker is open";

    /// <summary>A resiliency.yaml whose target app-b has the given policies.</summary>
    public static string With(string target) => $$"""
        apiVersion: dapr.io/v1alpha1
        kind: Resiliency
        metadata:
          name: res
        scopes: [app-a]
        spec:
          policies:
            timeouts:
              short: 500ms
            retries:
              twice:
                policy: constant
                duration: 50ms
                maxRetries: 2
              faults:
                policy: constant
                duration: 50ms
                maxRetries: 2
                matching:
                  httpStatusCodes: "429,500-599"
              thrice:
                policy: constant
                duration: 300ms
                maxRetries: 3
            circuitBreakers:
              breaker:
                maxRequests: 1
                timeout: 2s
                trip: consecutiveFailures > 3
          targets:
            apps:
              app-b:
                {{target}}
            components:
              pubsub:
                inbound:
                  retry: thrice
        """;

    [ContractFact]
    public Task A_failing_app_is_retried_then_spared_then_asked_again() => WithAsync(
        new() { Resiliency = With("retry: twice\n        circuitBreaker: breaker") },
        async sidecar =>
        {
            var app = sidecar.AppB;
            app.Answers["/flaky"] = TestApp.Status(200, """{"ok":true}""");
            await CallAsync(sidecar, HttpStatusCode.OK, requests: 1);

            // One and two retries; the caller gets the app's own answer.
            app.Answers["/flaky"] = TestApp.Status(500, """{"error":"app-b says no"}""");
            Assert.Equal("""{"error":"app-b says no"}""", await CallAsync(sidecar, HttpStatusCode.InternalServerError, requests: 3));

            // The fourth failure in a row opens the breaker, and with it the retries are over.
            Assert.Contains(Open, await CallAsync(sidecar, HttpStatusCode.InternalServerError, requests: 1), StringComparison.Ordinal);
            using (var open = await sidecar.SidecarA.GetAsync(Flaky))
                await IsErrorAsync(open, HttpStatusCode.InternalServerError, "ERR_DIRECT_INVOKE", Open);

            // The app is well again, but the breaker still open.
            app.Answers["/flaky"] = TestApp.Status(200, """{"ok":true}""");
            Assert.Contains(Open, await CallAsync(sidecar, HttpStatusCode.InternalServerError, requests: 0), StringComparison.Ordinal);

            // After its time one trial goes through and closes it.
            await Eventually.TrueAsync(async () => (await sidecar.SidecarA.GetAsync(Flaky)).IsSuccessStatusCode, "the breaker closes");
            await CallAsync(sidecar, HttpStatusCode.OK, requests: 1);

            // It opens again, and a failing trial keeps it open.
            app.Answers["/flaky"] = TestApp.Status(500, "no");
            await CallAsync(sidecar, HttpStatusCode.InternalServerError, requests: 3);
            await CallAsync(sidecar, HttpStatusCode.InternalServerError, requests: 1);
            var before = app.CountAt("/flaky");
            await Eventually.TrueAsync(async () =>
            {
                using var trial = await sidecar.SidecarA.GetAsync(Flaky);
                return app.CountAt("/flaky") > before;
            }, "a trial goes through");
            Assert.Equal(before + 1, app.CountAt("/flaky"));
            Assert.Contains(Open, await CallAsync(sidecar, HttpStatusCode.InternalServerError, requests: 0), StringComparison.Ordinal);
        });

    [ContractFact]
    public Task An_app_that_is_too_slow_is_tried_again_and_then_given_up() => WithAsync(
        new() { Resiliency = With("timeout: short\n        retry: twice") },
        async sidecar =>
        {
            // The first call has code compiled on its way, which may take longer than the limit.
            using (await sidecar.SidecarA.GetAsync("/v1.0/invoke/app-b/method/first"))
            {
            }

            sidecar.AppB.Answers["/flaky"] = async http => await Task.Delay(TimeSpan.FromSeconds(30), http.RequestAborted);
            using var response = await sidecar.SidecarA.PostAsync(Flaky, Json("""{"n":1}"""));
            await IsErrorAsync(response, HttpStatusCode.InternalServerError, "ERR_DIRECT_INVOKE", "failed to invoke, id: app-b, err: ");
            // Whether daprd's own clock or its call to the other sidecar ends first is chance: the latter puts "rpc error: ..." before it.
            Assert.EndsWith("context deadline exceeded", (string?)(await JsonOf(response))["message"], StringComparison.Ordinal);
            Assert.Equal(["""{"n":1}""", """{"n":1}""", """{"n":1}"""], sidecar.AppB.At("/flaky").Select(seen => seen.Body));
        });

    [ContractFact]
    public Task Every_4xx_is_a_failure_to_the_breaker() => WithAsync(
        new() { Resiliency = With("circuitBreaker: breaker") },
        async sidecar =>
        {
            sidecar.AppB.Answers["/flaky"] = TestApp.Status(418, "short and stout");
            for (var i = 0; i < 4; i++)
                Assert.Equal("short and stout", await CallAsync(sidecar, (HttpStatusCode)418, requests: 1));
            Assert.Contains(Open, await CallAsync(sidecar, HttpStatusCode.InternalServerError, requests: 0), StringComparison.Ordinal);
        });

    [ContractFact]
    public Task Matching_says_which_statuses_are_retried() => WithAsync(
        new() { Resiliency = With("retry: faults") },
        async sidecar =>
        {
            sidecar.AppB.Answers["/flaky"] = TestApp.Status(404, "no such thing");
            Assert.Equal("no such thing", await CallAsync(sidecar, HttpStatusCode.NotFound, requests: 1));
            sidecar.AppB.Answers["/flaky"] = TestApp.Status(503, "not now");
            Assert.Equal("not now", await CallAsync(sidecar, HttpStatusCode.ServiceUnavailable, requests: 3));
        });

    [ContractFact]
    public Task The_breaker_is_kept_for_each_method_path() => WithAsync(
        new() { Resiliency = With("circuitBreaker: breaker") },
        async sidecar =>
        {
            sidecar.AppB.Answers["/flaky"] = TestApp.Status(500, "no");
            for (var i = 0; i < 5; i++)
                (await sidecar.SidecarA.GetAsync(Flaky)).Dispose();
            Assert.Contains(Open, await CallAsync(sidecar, HttpStatusCode.InternalServerError, requests: 0), StringComparison.Ordinal);
            using var other = await sidecar.SidecarA.GetAsync("/v1.0/invoke/app-b/method/other");
            Assert.Equal(HttpStatusCode.OK, other.StatusCode);
        });

    private static async Task<string> CallAsync(SidecarUnderTest sidecar, HttpStatusCode status, int requests)
    {
        var before = sidecar.AppB.CountAt("/flaky");
        using var response = await sidecar.SidecarA.GetAsync(Flaky);
        Assert.Equal((status, requests), (response.StatusCode, sidecar.AppB.CountAt("/flaky") - before));
        return await response.Content.ReadAsStringAsync();
    }
}
