using System.Globalization;
using YamlDotNet.RepresentationModel;

namespace OrderMall.Sidecar.Configuration;

/// <summary>A mapping of a resource file, read with the file and line at hand for every complaint.</summary>
internal sealed class YamlMap
{
    private readonly string _file;
    private readonly YamlMappingNode _node;
    private readonly Dictionary<string, KeyValuePair<YamlNode, YamlNode>> _entries = [];

    public YamlMap(string file, YamlNode node, string name)
    {
        _file = file;
        Name = name;
        _node = node as YamlMappingNode ?? throw Wrong(node, $"{name} must be a mapping of names to values");
        foreach (var entry in _node.Children)
            _entries[Scalar(entry.Key, "a field name")] = entry;
    }

    /// <summary>What this mapping is, as the user would say it: <c>spec.policies</c>.</summary>
    public string Name { get; }

    public IEnumerable<string> Keys => _entries.Keys;

    /// <summary>Refuses fields that Dapr knows and the embedded sidecar cannot follow.</summary>
    public YamlMap Without(params string[] lacking)
    {
        foreach (var key in lacking.Where(Has))
            throw Wrong(_entries[key].Key, $"the embedded sidecar does not have {Name}.{key}; remove it, or run with daprd");
        return this;
    }

    /// <summary>Refuses every field but these.</summary>
    public YamlMap Only(params string[] known)
    {
        foreach (var (key, entry) in _entries)
        {
            if (!known.Contains(key))
                throw Wrong(entry.Key, $"unknown field '{key}' in {Name}; known here: {string.Join(", ", known)}");
        }

        return this;
    }

    public bool Has(string key) => _entries.ContainsKey(key);

    public string RequiredText(string key) =>
        Text(key) ?? throw Wrong(_node, $"{Name} needs the field '{key}'");

    public string? Text(string key) =>
        _entries.TryGetValue(key, out var entry) ? Scalar(entry.Value, $"{Name}.{key}") : null;

    public int? Integer(string key)
    {
        if (Text(key) is not { } text)
            return null;
        return int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw Wrong(key, $"{Name}.{key} is '{text}'; write a whole number");
    }

    public TimeSpan? Duration(string key)
    {
        if (Text(key) is not { } text)
            return null;
        return GoDuration.TryParse(text, out var duration)
            ? duration
            : throw Wrong(key, $"{Name}.{key} is '{text}'; write a duration such as 500ms, 5s or 1m30s");
    }

    public YamlMap RequiredMap(string key) => Map(key) ?? throw Wrong(_node, $"{Name} needs the field '{key}'");

    public YamlMap? Map(string key) =>
        _entries.TryGetValue(key, out var entry) && !IsNull(entry.Value) ? new YamlMap(_file, entry.Value, $"{Name}.{key}") : null;

    public IEnumerable<YamlMap> Maps(string key) => Items(key).Select(item => new YamlMap(_file, item, $"{Name}.{key}[]"));

    public IReadOnlyList<string> Texts(string key) => [.. Items(key).Select(item => Scalar(item, $"{Name}.{key}[]"))];

    /// <summary>A complaint at the line of a field of this mapping.</summary>
    public SidecarConfigurationException Wrong(string key, string problem) =>
        Wrong(_entries.TryGetValue(key, out var entry) ? entry.Value : _node, problem);

    private IEnumerable<YamlNode> Items(string key)
    {
        if (!_entries.TryGetValue(key, out var entry) || IsNull(entry.Value))
            return [];
        return entry.Value as YamlSequenceNode ?? throw Wrong(entry.Value, $"{Name}.{key} must be a list (lines that begin with '- ')");
    }

    private string Scalar(YamlNode node, string name) =>
        (node as YamlScalarNode)?.Value ?? throw Wrong(node, $"{name} must be a single value");

    private static bool IsNull(YamlNode node) => node is YamlScalarNode { Value: "" or null or "~" or "null" };

    private SidecarConfigurationException Wrong(YamlNode node, string problem) => new($"{_file}:{node.Start.Line}", problem);
}
