using System.Diagnostics;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace OrderMall.Azure.Tests;

/// <summary>What azd reads (schemas/v1.0/azure.yaml.json and cli/azd/pkg/project of Azure/azure-dev): services, where their templates are, what is asked for.</summary>
[Collection(TemplatesCollection.Name)]
public sealed partial class AzdTests(Templates templates)
{
    private static readonly Dictionary<object, object> Azd = MallDefinition.Yaml("azure.yaml");

    private static Dictionary<object, object> Services => (Dictionary<object, object>)Azd["services"];

    [Fact]
    public async Task The_list_that_the_templates_read_is_the_AppHosts()
    {
        var folder = Directory.CreateTempSubdirectory("ordermall-list-").FullName;
        try
        {
            using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
            using var process = Process.Start(new ProcessStartInfo("dotnet", [Paths.AppHost, "--operation", "publish", "--output-path", folder]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            var said = await Task.WhenAll(process.StandardOutput.ReadToEndAsync(limit.Token), process.StandardError.ReadToEndAsync(limit.Token));
            await process.WaitForExitAsync(limit.Token);
            Assert.True(process.ExitCode == 0, string.Join(Environment.NewLine, said));
            // To mend it: dotnet run --project AppHost -- --operation publish
            Assert.Equal(await File.ReadAllTextAsync(Path.Combine(folder, "services.json"), limit.Token), await File.ReadAllTextAsync(Path.Combine(Paths.Checkout, "infra/services.json"), limit.Token));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void Every_service_is_deployed_by_azd_from_its_project_with_its_own_template()
    {
        Assert.Equal(MallDefinition.Services.Select(service => service.AppId), Services.Keys);
        Assert.Equal(MallDefinition.Services.Select(service => $"{service.AppId}.bicepparam").Order(), Directory.EnumerateFiles(Path.Combine(Paths.Checkout, "infra/apps")).Select(file => Path.GetFileName(file)!).Order());
        foreach (var service in MallDefinition.Services)
        {
            var azd = (Dictionary<object, object>)Services[service.AppId];
            Assert.Equal((service.Project, "containerapp", $"apps/{service.AppId}"), ((string)azd["project"], (string)azd["host"], (string)azd["module"]));
            Assert.Equal(service.IsDemo ? "${MALL_DEMO=false}" : null, azd.GetValueOrDefault("condition"));
            // With a Dockerfile azd builds that, without one a .NET project by `dotnet publish`.
            var folder = Path.Combine(Paths.Checkout, service.Project);
            var isDotnet = Directory.EnumerateFiles(folder, "*.csproj").Any();
            Assert.Equal(isDotnet ? "dotnet" : "python", azd["language"]);
            Assert.Equal(!isDotnet, File.Exists(Path.Combine(folder, "Dockerfile")));
            Assert.Subset(new HashSet<object> { "project", "language", "host", "module", "docker", "condition" }, azd.Keys.ToHashSet());
            // What azd puts into its environment before it deploys the service.
            Assert.Contains($"readEnvironmentVariable('{Deployment.ImageOf(service.AppId)}')", File.ReadAllText(Path.Combine(Paths.Checkout, $"infra/apps/{service.AppId}.bicepparam")), StringComparison.Ordinal);
        }
    }

    [BicepFact]
    public void A_subscription_and_a_region_are_asked_for_and_nothing_else()
    {
        var parameters = templates.Plain.Templates["main"]["parameters"]!.AsObject();
        var given = ParametersFile.Read(Path.Combine(Paths.Checkout, "infra/main.parameters.json"));
        Assert.Equal(parameters.Select(parameter => parameter.Key).Order(), given.Select(parameter => parameter.Name).Order());
        // azd knows the former by itself and asks for the latter.
        Assert.Equal(["environmentName", "location"], parameters.Where(parameter => parameter.Value!["defaultValue"] is null).Select(parameter => parameter.Key).Order());
        Assert.All(given, parameter => Assert.Equal(parameters[parameter.Name]!["defaultValue"] is null, parameter.Default is null));
        Assert.Equal(["AZURE_ENV_NAME", "AZURE_LOCATION"], given.Where(parameter => parameter.Default is null).Select(parameter => parameter.Variable).Order());
        Assert.DoesNotContain(Azd.Keys, key => (string)key == "hooks");
    }

    [Fact]
    public void Whatever_can_be_said_reaches_the_pipeline_too()
    {
        var pipeline = (Dictionary<object, object>)Azd["pipeline"];
        var (variables, secrets) = (((List<object>)pipeline["variables"]).Cast<string>().ToList(), ((List<object>)pipeline["secrets"]).Cast<string>().ToList());
        var known = Directory.EnumerateFiles(Path.Combine(Paths.Checkout, "infra/apps")).SelectMany(file => Variables().Matches(File.ReadAllText(file)).Select(match => match.Groups[1].Value))
            .Concat(ParametersFile.Read(Path.Combine(Paths.Checkout, "infra/main.parameters.json")).Select(parameter => parameter.Variable))
            .Where(name => !name.StartsWith("AZURE_", StringComparison.Ordinal) && !name.StartsWith("SERVICE_", StringComparison.Ordinal)).Distinct();
        Assert.Equal(known.Order(), variables.Concat(secrets).Order());
        var workflow = File.ReadAllText(Path.Combine(Paths.Checkout, ".github/workflows/azure-dev.yml"));
        Assert.All(variables, name => Assert.Contains($"{name}: ${{{{ vars.{name} }}}}", workflow, StringComparison.Ordinal));
        Assert.All(secrets, name => Assert.Contains($"{name}: ${{{{ secrets.{name} }}}}", workflow, StringComparison.Ordinal));
    }

    [BicepFact]
    public void Azd_finds_each_app_by_its_tags() => Assert.All(templates.Plain.Apps, app =>
        Assert.Equal(("test", app.Key), ((string)app.Value["tags"]!["azd-env-name"]!, (string)app.Value["tags"]!["azd-service-name"]!)));

    [BicepFact]
    public void Azd_is_told_where_images_go_and_which_group_it_is()
    {
        JsonNode outputs = templates.Plain.Templates["main"]["outputs"]!;
        Assert.NotNull(outputs["AZURE_CONTAINER_REGISTRY_ENDPOINT"]);
        Assert.NotNull(outputs["AZURE_RESOURCE_GROUP"]);
    }

    [GeneratedRegex(@"readEnvironmentVariable\('([A-Z_]+)'")]
    private static partial Regex Variables();
}
