using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using OrderMall.Contracts;
using OrderMall.Contracts.Events;

namespace OrderMall.AppHost.Tests.Security;

/// <summary>Who has one service's token cannot speak for another: its sidecar publishes its own events alone.</summary>
[Collection(AppHostCollection.Name)]
public sealed class EventScopesTests(OpenAppHost mall)
{
    [LinuxFact]
    public async Task Nobody_publishes_what_happened_to_others_orders()
    {
        await mall.IsWellAsync();
        var customer = await mall.NewCustomerAsync();
        var order = await customer.PlaceAsync(await (await mall.BookshopAsync()).SellBookAsync());
        foreach (var appId in mall.Mall.ServiceIds.Except([AppIds.Ordering, AppIds.Payment]))
        {
            // As its process has them.
            var told = MallProcesses.Environment(mall.Mall.ProcessId(appId, 0)!.Value);
            using var sidecar = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{told["DAPR_HTTP_PORT"]}") };
            sidecar.DefaultRequestHeaders.Add("dapr-api-token", told["DAPR_API_TOKEN"]);
            // Not by way of the dead letters either, which are handled again as what they were.
            foreach (var topic in new[] { Topics.OrderEnds, $"{AppIds.Payment}-dead-letters" })
            {
                using var e = JsonContent.Create(
                    new { specversion = "1.0", id = Guid.NewGuid(), source = "ordering", type = OrderEvent.Cancelled, topic = Topics.OrderEnds, pubsubname = "pubsub", data = new { orderId = order, version = 99, prepaid = 1 } },
                    new MediaTypeHeaderValue("application/cloudevents+json"));
                using var refused = await sidecar.PostAsync($"/v1.0/publish/pubsub/{topic}", e);
                // Those that have no events have no pub/sub at all.
                var code = (await refused.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("errorCode").GetString();
                Assert.True((refused.StatusCode, code) is (HttpStatusCode.Forbidden, "ERR_PUBSUB_FORBIDDEN") or (HttpStatusCode.NotFound, "ERR_PUBSUB_NOT_FOUND"), $"{appId} to {topic}: {refused.StatusCode} {code}");
            }
        }

        Assert.Equal("Approved", (await customer.GetAsync($"/api/payments/{order}")).Is(HttpStatusCode.OK).Json.GetProperty("status").GetString());
    }
}
