using System.Globalization;
using YamlDotNet.RepresentationModel;

namespace OrderMall.AppHost.Tests;

/// <summary><c>components/resiliency.yaml</c>, as it is written.</summary>
internal sealed class ResiliencyFile
{
    private readonly YamlNode _root;

    private ResiliencyFile(YamlNode root) => _root = root;

    /// <summary>The entries at a place in the file.</summary>
    public IReadOnlyDictionary<string, string> this[params string[] place] =>
        ((YamlMappingNode)place.Aggregate(_root, (node, key) => node[key])).ToDictionary(entry => entry.Key.ToString(), entry => entry.Value.ToString());

    public static ResiliencyFile Read()
    {
        var yaml = new YamlStream();
        yaml.Load(new StringReader(Repository.Read("components/resiliency.yaml")));
        return new ResiliencyFile(yaml.Documents[0].RootNode);
    }

    public static TimeSpan Duration(string text) => text switch
    {
        [.. var number, 'm', 's'] => TimeSpan.FromMilliseconds(int.Parse(number, CultureInfo.InvariantCulture)),
        [.. var number, 's'] => TimeSpan.FromSeconds(int.Parse(number, CultureInfo.InvariantCulture)),
        _ => throw new FormatException(text),
    };
}
