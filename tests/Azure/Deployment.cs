using System.Text.Json.Nodes;

namespace OrderMall.Azure.Tests;

/// <summary>What a copy of the templates would make: each resource as Azure Resource Manager would be given it.</summary>
internal sealed class Deployment
{
    private const string Group = "rg-test";

    private Deployment(IReadOnlyList<JsonNode> resources, IReadOnlyList<string> diagnostics, IReadOnlyDictionary<string, JsonNode> templates) =>
        (Resources, Diagnostics, Templates) = (resources, diagnostics, templates);

    /// <summary>What <c>azd provision</c> makes, and then <c>azd deploy</c>.</summary>
    public IReadOnlyList<JsonNode> Resources { get; }

    /// <summary>What the compiler complains of, be it a warning only.</summary>
    public IReadOnlyList<string> Diagnostics { get; }

    /// <summary>The compiled templates by the file that they are deployed from: <c>main</c>, <c>apps/payment</c>.</summary>
    public IReadOnlyDictionary<string, JsonNode> Templates { get; }

    /// <summary>Every service as a container app, by its app id.</summary>
    public IReadOnlyDictionary<string, JsonNode> Apps => Of("Microsoft.App/containerApps").ToDictionary(app => (string)app["name"]!);

    /// <summary>Every resource of a type.</summary>
    public IEnumerable<JsonNode> Of(string type) => Resources.Where(resource => (string)resource["type"]! == type);

    /// <summary>Compiles and evaluates everything.</summary>
    /// <param name="compiler">One that has been told the same of azd's environment.</param>
    /// <param name="environment">What there is in azd's environment.</param>
    /// <param name="edit">Changes the copy of <c>infra</c> and <c>components</c> before.</param>
    public static async Task<Deployment> OfAsync(BicepCompiler compiler, IReadOnlyDictionary<string, string> environment, Action<string>? edit = null)
    {
        var folder = Directory.CreateTempSubdirectory("ordermall-azure-").FullName;
        try
        {
            foreach (var part in new[] { "infra", "components" })
                Copy(Path.Combine(Built.Checkout, part), Path.Combine(folder, part));
            edit?.Invoke(folder);
            var infra = Path.Combine(folder, "infra");
            var apps = AppsIn(infra).Select(app => $"apps/{app}")
                .Where(app => environment.GetValueOrDefault("MALL_DEMO") == "true" || app != "apps/payment-provider").ToList();
            WriteParameters(infra, environment);

            var (resources, diagnostics, templates) = (new List<JsonNode>(), new List<string>(), new Dictionary<string, JsonNode>());
            foreach (var file in apps.Prepend("main"))
            {
                var path = Path.Combine(infra, $"{file}.bicepparam");
                var compiled = await compiler.CompileAsync(path);
                diagnostics.AddRange(compiled["diagnostics"]!.AsArray().Select(diagnostic => $"{file}: {diagnostic!.ToJsonString()}"));
                if (compiled["success"]?.GetValue<bool>() != true)
                    continue;
                templates.Add(file, JsonNode.Parse((string)compiled["template"]!)!);
                var snapshot = await compiler.EvaluateAsync(path, file == "main" ? null : Group);
                diagnostics.AddRange(snapshot["diagnostics"]!.AsArray().Select(diagnostic => $"{file}: {diagnostic}"));
                resources.AddRange(snapshot["predictedResources"]!.AsArray().Select(resource => resource!));
            }

            return new Deployment(resources, diagnostics, templates);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>As azd names what it keeps the image of a service under.</summary>
    public static string ImageOf(string appId) => $"SERVICE_{appId.ToUpperInvariant().Replace('-', '_')}_IMAGE_NAME";

    /// <summary>Every service that there are parameters for.</summary>
    public static IEnumerable<string> AppsIn(string infra) =>
        Directory.EnumerateFiles(Path.Combine(infra, "apps"), "*.bicepparam").Order(StringComparer.Ordinal).Select(file => Path.GetFileNameWithoutExtension(file));

    // azd itself reads main.parameters.json and puts its environment in: the same values as a file that the compiler reads.
    private static void WriteParameters(string infra, IReadOnlyDictionary<string, string> environment)
    {
        var lines = ParametersFile.Read(Path.Combine(infra, "main.parameters.json")).Select(parameter => (parameter.Name, Value: parameter.In(environment)))
            .Where(parameter => parameter.Value.Length > 0)
            .Select(parameter => $"param {parameter.Name} = {(parameter.Value is "true" or "false" ? parameter.Value : $"'{parameter.Value}'")}");
        File.WriteAllLines(Path.Combine(infra, "main.bicepparam"), lines.Prepend("using 'main.bicep'"));
    }

    private static void Copy(string from, string to)
    {
        foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            var copy = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }
    }
}
