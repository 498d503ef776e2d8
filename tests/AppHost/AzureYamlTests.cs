using YamlDotNet.Serialization;

namespace OrderMall.AppHost.Tests;

/// <summary>What <c>azd</c> reads first.</summary>
public sealed class AzureYamlTests
{
    [Fact]
    public void Azd_deploys_the_AppHost_as_its_one_service()
    {
        var file = new DeserializerBuilder().Build().Deserialize<Dictionary<string, object>>(Repository.Read("azure.yaml"));
        Assert.Equal(["name", "services"], file.Keys.Order());
        Assert.Matches("^[a-z0-9][a-z0-9-]*[a-z0-9]$", (string)file["name"]);

        var service = Assert.IsType<Dictionary<object, object>>(Assert.Single(Assert.IsType<Dictionary<object, object>>(file["services"])).Value);
        Assert.Equal(["host", "language", "project"], service.Keys.Cast<string>().Order());
        Assert.Equal(("containerapp", "dotnet", "./AppHost/AppHost.csproj"), (service["host"], service["language"], service["project"]));
        Assert.True(File.Exists(Repository.PathOf((string)service["project"])));
    }
}
