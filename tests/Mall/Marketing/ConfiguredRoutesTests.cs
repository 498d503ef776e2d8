using OrderMall.Gateway;
using OrderMall.Mall.Tests.Opening;
using OrderMall.ServiceDefaults;

namespace OrderMall.Mall.Tests.Marketing;

/// <summary>A service joins the public API by configuration of the gateway: mistakes in it are said by their key, before anything serves.</summary>
public sealed class ConfiguredRoutesTests
{
    [TheoryNeeding(Need.Own)]
    [InlineData("offers:AppId=marketing", "Gateway:Routes:offers", "answered by another service")]
    [InlineData("account:AppId=marketing", "Gateway:Routes:account", "answered by another service")]
    [InlineData("Tips:AppId=marketing", "Gateway:Routes:Tips", "lower-case")]
    [InlineData("tips:AnyoneMayRead=true", "Gateway:Routes:tips:AppId", "app id")]
    [InlineData("tips:AppId=gateway", "Gateway:Routes:tips:AppId", "'gateway'")]
    [InlineData("tips:AppId=../store", "Gateway:Routes:tips:AppId", "'../store'")]
    [InlineData("tips:AppId=marketing,tips:AnyoneMayRead=yes", "Gateway:Routes:tips:AnyoneMayRead", "'yes'")]
    [InlineData("tips:AppId=marketing,tips:Role=operator", "Gateway:Routes:tips:Role", "AnyoneMayRead")]
    public void A_wrong_route_is_refused_by_its_key(string settings, string key, string why)
    {
        var wrong = Assert.Throws<InvalidOperationException>(() => Gateway(settings));
        Assert.StartsWith($"gateway: {key}: ", wrong.Message, StringComparison.Ordinal);
        Assert.Contains(why, wrong.Message, StringComparison.Ordinal);
    }

    [FactNeeding(Need.Own)]
    public async Task A_right_one_is_taken() => await Gateway("tips:AppId=marketing,tips:AnyoneMayRead=true,more-tips:AppId=marketing").DisposeAsync();

    private static IAsyncDisposable Gateway(string settings) => ServiceHost.Create<GatewayService>(
        ["--urls=http://127.0.0.1:0", "--DAPR_GRPC_PORT=50001", "--APP_API_TOKEN=token", "--ConnectionStrings:gateway=Host=127.0.0.1", .. settings.Split(',').Select(setting => "--Gateway:Routes:" + setting)]);
}
