using OrderMall.Delivery;
using OrderMall.ServiceDefaults;

namespace OrderMall.Services.Tests;

/// <summary>What a service must be told of its sidecar.</summary>
public sealed class DaprSetupTests
{
    [Theory]
    [InlineData("DAPR_GRPC_PORT", "APP_API_TOKEN=token")]
    [InlineData("APP_API_TOKEN", "DAPR_GRPC_PORT=50001")]
    public void What_is_missing_is_named(string key, string given)
    {
        var mistake = Assert.Throws<InvalidOperationException>(() => ServiceHost.Create<DeliveryService>([$"--{given}", "--ConnectionStrings:delivery=Host=127.0.0.1"]));
        Assert.Contains($"{key} is not set", mistake.Message, StringComparison.Ordinal);
    }
}
