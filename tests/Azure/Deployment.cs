using System.Text.Json.Nodes;

namespace OrderMall.Azure.Tests;

/// <summary>What a copy of the templates would make: each resource as Azure Resource Manager would be given it.</summary>
internal sealed class Deployment
{
    private const string Group = "rg-test";

    private readonly IReadOnlyDictionary<string, Part> _parts;

    private Deployment(IReadOnlyDictionary<string, Part> parts)
    {
        _parts = parts;
        Resources = [.. parts.Values.SelectMany(part => part.Resources)];
        Diagnostics = [.. parts.Values.SelectMany(part => part.Diagnostics)];
        Templates = parts.Where(part => part.Value.Template is not null).ToDictionary(part => part.Key, part => part.Value.Template!);
    }

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

    /// <summary>Compiles and evaluates everything, or what is not as it was in another deployment.</summary>
    /// <param name="compiler">One that has been told the same of azd's environment.</param>
    /// <param name="environment">What there is in azd's environment.</param>
    /// <param name="edit">Changes the copy of <c>infra</c> and <c>components</c> before.</param>
    /// <param name="unedited">One of the same environment: what it made of files that are the same still is taken from it.</param>
    public static async Task<Deployment> OfAsync(BicepCompiler compiler, IReadOnlyDictionary<string, string> environment, Action<string>? edit = null, Deployment? unedited = null)
    {
        var folder = Directory.CreateTempSubdirectory("ordermall-azure-").FullName;
        try
        {
            foreach (var part in new[] { "infra", "components" })
                Copy(Path.Combine(Paths.Checkout, part), Path.Combine(folder, part));
            edit?.Invoke(folder);
            var infra = Path.Combine(folder, "infra");
            var apps = AppsIn(infra).Select(app => $"apps/{app}")
                .Where(app => environment.GetValueOrDefault("MALL_DEMO") == "true" || app != "apps/payment-provider").ToList();
            WriteParameters(infra, environment);

            var parts = new Dictionary<string, Part>();
            foreach (var file in apps.Prepend("main"))
                parts.Add(file, unedited?._parts[file] is { } made && made.IsSameIn(folder) ? made : await MakeAsync(compiler, folder, file));
            return new Deployment(parts);
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

    private static async Task<Part> MakeAsync(BicepCompiler compiler, string folder, string file)
    {
        var path = Path.Combine(folder, "infra", $"{file}.bicepparam");
        var compiled = await compiler.CompileAsync(path);
        List<string> diagnostics = [.. compiled["diagnostics"]!.AsArray().Select(diagnostic => $"{file}: {diagnostic!.ToJsonString()}")];
        var sources = (await compiler.FilesAsync(path)).ToDictionary(source => Path.GetRelativePath(folder, source), File.ReadAllText);
        if (compiled["success"]?.GetValue<bool>() != true)
            return new Part(sources, null, diagnostics, []);
        var snapshot = await compiler.EvaluateAsync(path, file == "main" ? null : Group);
        diagnostics.AddRange(snapshot["diagnostics"]!.AsArray().Select(diagnostic => $"{file}: {diagnostic}"));
        return new Part(sources, JsonNode.Parse((string)compiled["template"]!), diagnostics, [.. snapshot["predictedResources"]!.AsArray().Select(resource => resource!)]);
    }

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

    // What is made of one file of parameters, and of what: each file that the compiler read for it, by its path in the copy.
    private sealed record Part(IReadOnlyDictionary<string, string> Sources, JsonNode? Template, IReadOnlyList<string> Diagnostics, IReadOnlyList<JsonNode> Resources)
    {
        public bool IsSameIn(string folder) =>
            Sources.All(source => Path.Combine(folder, source.Key) is var file && File.Exists(file) && File.ReadAllText(file) == source.Value);
    }
}
