using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace OrderMall.Sidecar.Configuration;

/// <summary>Everything the resources folder says.</summary>
internal sealed class Resources
{
    private Resources(IReadOnlyList<Component> components, IReadOnlyList<ResiliencySpec> resiliencies, Configuration configuration, IReadOnlyList<string> warnings)
    {
        Components = components;
        Resiliencies = resiliencies;
        Configuration = configuration;
        Warnings = warnings;
    }

    public IReadOnlyList<Component> Components { get; }

    public IReadOnlyList<ResiliencySpec> Resiliencies { get; }

    public Configuration Configuration { get; }

    /// <summary>A warning for each unknown setting, which is ignored.</summary>
    public IReadOnlyList<string> Warnings { get; }

    public Component? PubSub(string name, string appId) =>
        Components.FirstOrDefault(component => component.IsPubSub && component.Name == name && component.IsFor(appId));

    public Component? StateStore(string name, string appId) =>
        Components.FirstOrDefault(component => component.IsState && component.Name == name && component.IsFor(appId));

    /// <summary>Reads the folder's own <c>*.yaml</c> and <c>*.yml</c> files, in the order of their names.</summary>
    /// <exception cref="SidecarConfigurationException">One of them cannot be followed.</exception>
    public static Resources Read(string folder)
    {
        if (!Directory.Exists(folder))
            throw new SidecarConfigurationException(folder, "there is no such folder; ResourcesPath must name the folder of the component files");

        var components = new Dictionary<string, Component>();
        var resiliencies = new Dictionary<string, ResiliencySpec>();
        var configurations = new Dictionary<string, Configuration>();
        var warnings = new List<string>();
        foreach (var file in Directory.EnumerateFiles(folder)
            .Where(file => Path.GetExtension(file) is ".yaml" or ".yml")
            .Order(StringComparer.Ordinal))
        {
            foreach (var resource in Documents(file))
                Add(resource, components, resiliencies, configurations, warnings);
        }

        return new Resources([.. components.Values], [.. resiliencies.Values], configurations.Values.FirstOrDefault(Configuration.None), warnings);
    }

    private static void Add(
        YamlMap resource,
        Dictionary<string, Component> components,
        Dictionary<string, ResiliencySpec> resiliencies,
        Dictionary<string, Configuration> configurations,
        List<string> warnings)
    {
        var kind = resource.RequiredText("kind");
        if (kind is "Subscription" or "HTTPEndpoint" or "MCPServer" or "WorkflowAccessPolicy")
            throw resource.Wrong("kind", $"the embedded sidecar does not have {kind}; remove the resource, or run with daprd");
        if (kind is not ("Component" or "Resiliency" or "Configuration"))
            throw resource.Wrong("kind", $"the embedded sidecar knows no kind '{kind}'; it reads Component, Resiliency and Configuration");
        if (resource.RequiredText("apiVersion") is not "dapr.io/v1alpha1" and var version)
            throw resource.Wrong("apiVersion", $"apiVersion is '{version}'; write dapr.io/v1alpha1");

        var name = resource.RequiredMap("metadata").RequiredText("name");
        var isNew = kind switch
        {
            "Component" => components.TryAdd(name, ComponentReader.Read(resource, warnings)),
            "Resiliency" => resiliencies.TryAdd(name, ResiliencyReader.Read(resource)),
            // A sidecar has one.
            _ => configurations.Count == 0
                ? configurations.TryAdd(name, ConfigurationReader.Read(resource))
                : throw resource.Wrong("kind", "there are two Configurations; a sidecar has one. Remove the other"),
        };
        if (!isNew)
            throw resource.Wrong("metadata", $"there are two resources of kind {kind} named '{name}'; rename or remove one");
    }

    private static IEnumerable<YamlMap> Documents(string file)
    {
        var name = Path.GetFileName(file);
        var stream = new YamlStream();
        try
        {
            using var reader = new StreamReader(file);
            stream.Load(reader);
        }
        catch (YamlException mistake)
        {
            throw new SidecarConfigurationException($"{name}:{mistake.Start.Line}", $"this is not valid YAML: {mistake.InnerException?.Message ?? mistake.Message}");
        }
        catch (InvalidOperationException)
        {
            // YamlDotNet's own stumble over a file that ends inside a bracket, brace or quote.
            throw new SidecarConfigurationException($"{name}:{File.ReadLines(file).Count()}", "this is not valid YAML: a bracket, brace or quote is not closed");
        }
        catch (IOException trouble)
        {
            throw new SidecarConfigurationException(name, $"the file cannot be read: {trouble.Message}");
        }

        return stream.Documents
            .Where(document => document.RootNode is not YamlScalarNode { Value: "" or null })
            .Select(document => new YamlMap(name, document.RootNode, "the resource"));
    }
}
