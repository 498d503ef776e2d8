using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using OrderMall.Contracts;
using OrderMall.Contracts.Calls;
using OrderMall.Contracts.Events;
using OrderMall.Operations;
using OrderMall.ServiceDefaults;
using OrderMall.ServiceDefaults.Alarms;

namespace OrderMall.Services.Tests;

/// <summary>Whom the operators' side asks, and who may ask it.</summary>
[Collection(ServiceCollection.Name)]
public sealed class OperationsTests(ServiceFixture fixture)
{
    [Fact]
    public async Task Alarms_are_those_of_the_gateway_and_of_who_joined_too()
    {
        await using var operations = await StartAsync("--Operations:Services:0", AppIds.Marketing, "--Operations:Services:1", "loyalty");
        operations.Sidecar.Called["gateway/alarms"] = Alarms(new MeasuredAlarm("ordermall.outbox.age", 60, 30, "s", "Stuck."));
        operations.Sidecar.Called["marketing/alarms"] = Alarms(new MeasuredAlarm("ordermall.dead_letter.count", null, 0, "{event}", "Parked."), new MeasuredAlarm("ordermall.view.stalled", 0, 120, "s", "Stalled."));
        operations.Sidecar.Called["ordering/alarms"] = Alarms();
        // It need not have any.
        operations.Sidecar.Called["loyalty/alarms"] = context =>
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return Task.CompletedTask;
        };

        using var boss = operations.As("boss", Roles.Operator);
        var raised = (await boss.GetFromJsonAsync<JsonElement>("/api/ops/alarms")).GetProperty("alarms").EnumerateArray()
            .Select(alarm => (Service: alarm.GetProperty("service").GetString()!, Name: alarm.GetProperty("name").GetString()!)).ToList();
        string[] absent = [AppIds.Catalog, AppIds.Payment, AppIds.Store, AppIds.Delivery, AppIds.Dispatch, AppIds.Publishing, AppIds.Notification, AppIds.MyPage];
        Assert.Equal(
            [.. absent.Select(appId => (appId, "ordermall.ready")), (AppIds.Marketing, "ordermall.dead_letter.count"), (AppIds.Gateway, "ordermall.outbox.age")],
            raised);
    }

    [Fact]
    public async Task Only_operators_are_answered()
    {
        await using var operations = await StartAsync();
        foreach (var path in new[] { "/api/ops/alarms", "/api/ops/audit", "/api/ops/dead-letters", "/api/ops/views/rebuild" })
        {
            Assert.Equal(HttpStatusCode.Unauthorized, (await operations.Internal.GetAsync(path)).StatusCode);
            using var customer = operations.As("alice", Roles.Customer);
            Assert.Equal(HttpStatusCode.Forbidden, (await customer.GetAsync(path)).StatusCode);
        }
    }

    [Theory]
    [InlineData("Operations:Services:0", "../store")]
    [InlineData("Operations:Services:0", "Marketing")]
    [InlineData("Operations:Services:0", "")]
    [InlineData("Operations:Services:marketing:AppId", "marketing", "Operations:Services:marketing")]
    public void A_service_that_is_named_wrongly_is_refused_by_its_key(string key, string value, string? named = null)
    {
        var wrong = Assert.Throws<InvalidOperationException>(() => ServiceHost.Create<OperationsService>(["--DAPR_GRPC_PORT=50001", "--APP_API_TOKEN=token", $"--{key}={value}"]));
        Assert.StartsWith($"operations: {named ?? key}: ", wrong.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_audit_that_is_too_much_for_one_turn_goes_on_where_it_stopped()
    {
        await using var operations = await StartAsync();
        var offers = Enumerable.Range(0, 1_001).Select(_ => new AuditedOffer(Guid.CreateVersion7(), 3, 1, 2)).OrderBy(offer => offer.OfferId).ToList();
        offers[^1] = offers[^1] with { Available = 2 };
        var asked = new ConcurrentQueue<Guid?>();
        operations.Sidecar.OtherwiseCalled = context => context.Response.WriteAsync(context.Request.Path.Value!.EndsWith("/messaging", StringComparison.Ordinal) ? """{"outbox":0,"deadLetters":0}""" : "[]");
        operations.Sidecar.Called["catalog/audit/offers"] = async context =>
        {
            var page = (await context.Request.ReadFromJsonAsync<AuditPage>())!;
            asked.Enqueue(page.After);
            await context.Response.WriteAsJsonAsync(offers.Where(offer => page.After is null || offer.OfferId > page.After).Take(page.Limit));
        };

        var audit = operations.Services.GetRequiredService<Audit>();
        var turns = new List<AuditReport>();
        do
            turns.Add(await audit.RunAsync(TimeSpan.Zero, CancellationToken.None));
        while (!turns[^1].Complete);

        Assert.Equal([500, 1000, 1001, 1001], turns.Select(turn => turn.Counts["offers"]));
        Assert.Equal([null, offers[499].OfferId, offers[999].OfferId, offers[1000].OfferId], asked);
        Assert.All(turns, turn => Assert.Equal(turns[0].Since, turn.Since));
        Assert.Equal([offers[^1].OfferId], turns[^1].Disagreements.Select(found => found.OfferId!.Value));
        Assert.Empty(turns[0].Disagreements);
        Assert.Same(turns[^1], audit.Last);
        // The next one begins anew.
        Assert.Equal(500, (await audit.RunAsync(TimeSpan.Zero, CancellationToken.None)).Counts["offers"]);
    }

    [Fact]
    public async Task Money_that_payment_took_for_no_order_is_found_and_an_audit_without_everybody_is_none()
    {
        await using var operations = await StartAsync();
        var (paid, isDown) = (Guid.CreateVersion7(), true);
        operations.Sidecar.OtherwiseCalled = context => context.Response.WriteAsync(context.Request.Path.Value!.EndsWith("/messaging", StringComparison.Ordinal) ? """{"outbox":0,"deadLetters":0}""" : "[]");
        operations.Sidecar.Called["payment/audit/payments/page"] = context => context.Response.WriteAsJsonAsync(new[] { new AuditedPayment(paid, 100, PaymentStatus.Approved) });
        operations.Sidecar.Called["publishing/audit/titles"] = context =>
        {
            context.Response.StatusCode = isDown ? StatusCodes.Status503ServiceUnavailable : StatusCodes.Status200OK;
            return context.Response.WriteAsync("[]");
        };
        var audit = operations.Services.GetRequiredService<Audit>();
        var report = await audit.RunAsync(Audit.Turn, CancellationToken.None);
        Assert.Equal([("reachable", null), ("payment", paid)], report.Disagreements.Select(found => (found.Rule, found.OrderId)));
        Assert.Equal((false, null), (report.Complete, audit.LastComplete));

        operations.Sidecar.Called["payment/audit/payments/page"] = context => context.Response.WriteAsync("[]");
        Assert.False((await audit.RunAsync(Audit.Turn, CancellationToken.None)).Complete);
        // Who did not answer has mended nothing.
        Assert.Same(report, audit.Last);
        isDown = false;
        var whole = await audit.RunAsync(Audit.Turn, CancellationToken.None);
        Assert.Equal((true, 0, whole.At), (whole.Complete, audit.Last!.Disagreements.Count, audit.LastComplete));
    }

    [Fact]
    public async Task That_no_audit_was_finished_for_long_is_an_alarm()
    {
        await using var operations = await StartAsync("--Audit:Interval", "00:00:01");
        using var boss = operations.As("boss", Roles.Operator);
        await Eventually.BecomesAsync(false, IsRaisedAsync);
        operations.Sidecar.OtherwiseCalled = context => Task.Delay(Timeout.Infinite, context.RequestAborted);
        var minutes = 0;
        await Eventually.BecomesAsync(true, () =>
        {
            // One of before may have been at its end.
            operations.Time.Set(DateTimeOffset.UtcNow.AddMinutes(minutes += 5));
            return IsRaisedAsync();
        });

        async Task<bool> IsRaisedAsync() => (await operations.Internal.GetFromJsonAsync<List<MeasuredAlarm>>("/alarms"))!.Single(alarm => alarm.Name == "ordermall.audit.age") is { Value: { } age, Limit: var limit } && age > limit;
    }

    private async Task<RunningService<OperationsService>> StartAsync(params IReadOnlyList<string> settings)
    {
        var operations = new RunningService<OperationsService>(fixture) { Settings = settings };
        await operations.InitializeAsync();
        return operations;
    }

    private static RequestDelegate Alarms(params List<MeasuredAlarm> alarms) => context => context.Response.WriteAsJsonAsync(alarms, RunningService<OperationsService>.Json);
}
