using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace OrderMall.Azure.Tests;

/// <summary>A parameter as azd fills it: <c>${NAME}</c> or <c>${NAME=default}</c> from its environment.</summary>
internal sealed partial record ParametersFile(string Name, string Variable, string? Default)
{
    public static IReadOnlyList<ParametersFile> Read(string file) => [.. JsonNode.Parse(File.ReadAllText(file))!["parameters"]!.AsObject().Select(parameter =>
    {
        var value = Variables().Match((string)parameter.Value!["value"]!);
        Assert.True(value.Success, $"{parameter.Key} is {parameter.Value}: write ${{NAME}} or ${{NAME=default}}.");
        return new ParametersFile(parameter.Key, value.Groups["name"].Value, value.Groups["default"].Success ? value.Groups["default"].Value : null);
    })];

    public string In(IReadOnlyDictionary<string, string> environment) => environment.GetValueOrDefault(Variable) is { Length: > 0 } value ? value : Default ?? "";

    [GeneratedRegex(@"\A\$\{(?<name>[A-Z_]+)(=(?<default>[^}]*))?\}\z")]
    private static partial Regex Variables();
}
