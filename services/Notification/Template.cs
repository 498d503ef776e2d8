using System.Text.RegularExpressions;

namespace OrderMall.Notification;

/// <summary>A text with placeholders such as <c>{title}</c>. One that has no value stays as it is written, as does any other brace.</summary>
internal sealed partial class Template(string text)
{
    // What stands between placeholders and their names in turn: the names are those at odd places.
    private readonly string[] _parts = Placeholder().Split(text);

    /// <summary>The text with its values in it.</summary>
    /// <param name="valueOf">A placeholder's value by its name. Asked for each time that it stands there, and for no other; what a value says is not looked at.</param>
    public string Fill(Func<string, string?> valueOf)
    {
        var filled = new string[_parts.Length];
        for (var i = 0; i < filled.Length; i++)
            filled[i] = i % 2 == 0 ? _parts[i] : valueOf(_parts[i]) ?? $"{{{_parts[i]}}}";
        return string.Concat(filled);
    }

    [GeneratedRegex(@"\{(\w+)\}")]
    private static partial Regex Placeholder();
}
