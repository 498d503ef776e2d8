using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using OrderMall.Contracts;
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

    private async Task<RunningService<OperationsService>> StartAsync(params IReadOnlyList<string> settings)
    {
        var operations = new RunningService<OperationsService>(fixture) { Settings = settings };
        await operations.InitializeAsync();
        return operations;
    }

    private static RequestDelegate Alarms(params List<MeasuredAlarm> alarms) => context => context.Response.WriteAsJsonAsync(alarms, RunningService<OperationsService>.Json);
}
