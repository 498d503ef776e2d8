using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using OrderMall.Gateway;

namespace OrderMall.Services.Tests;

/// <summary>What the gateway makes of answers that are Dapr's and not a service's.</summary>
[Collection(ServiceCollectionDefinition.Name)]
public sealed class ForwardingTests(ServiceFixture fixture)
{
    [Theory]
    [InlineData(200, "", null, 503)]
    [InlineData(500, """{"errorCode":"ERR_DIRECT_INVOKE","message":"app is not in a healthy state"}""", "application/json", 503)]
    [InlineData(500, """{"title":"The service's own"}""", "application/problem+json", 500)]
    [InlineData(200, "{}", "application/json", 200)]
    public async Task An_answer_that_is_nobodys_means_that_the_service_is_away(int status, string body, string? contentType, int answered)
    {
        await using var gateway = new RunningService<GatewayService>(fixture);
        await gateway.InitializeAsync();
        gateway.Sidecar.Called["catalog/api/offers"] = async context =>
        {
            (context.Response.StatusCode, context.Response.ContentType, context.Response.ContentLength) = (status, contentType, body.Length);
            await context.Response.WriteAsync(body);
        };
        using var answer = await gateway.Internal.GetAsync("/api/offers");
        Assert.Equal((HttpStatusCode)answered, answer.StatusCode);
        Assert.Equal(answered == 503, answer.Headers.RetryAfter is not null);
        if (answered == 503)
            Assert.Equal("urn:ordermall:problem:unavailable", JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement.GetProperty("type").GetString());
    }
}
