using System.Globalization;
using System.Text;
using FluentValidation;

namespace OrderMall.ServiceDefaults.Api;

/// <summary>What texts that people write must be like, whichever service they write them to.</summary>
public static class TextRules
{
    // They change the order in which what follows is shown: a text could pass for another.
    private static readonly HashSet<char> DirectionMarks =
        ['\u061C', '\u200E', '\u200F', '\u202A', '\u202B', '\u202C', '\u202D', '\u202E', '\u2066', '\u2067', '\u2068', '\u2069'];

    // Spaces of every width (Unicode's separators), and nothing that belongs in no line at all.
    private static readonly char[] Blanks = [.. Enumerable.Range(0, char.MaxValue).Select(c => (char)c).Where(c => char.GetUnicodeCategory(c) == UnicodeCategory.SpaceSeparator)];

    /// <summary>
    /// A text as it is kept and compared: composed (NFC), so that the same letters are the same text however they were typed, and without blanks
    /// around it. Texts in JSON are read so by every service but the public one, whose passwords are what they are; a query's are not.
    /// </summary>
    public static string? Clean(string? text)
    {
        try
        {
            return text?.Normalize(NormalizationForm.FormC).Trim(Blanks);
        }
        catch (ArgumentException)
        {
            // It has what is no character, such as U+FFFE: there is no other form of it.
            return text!.Trim(Blanks);
        }
    }

    /// <summary>What is shown in one line, such as a name or a title: no line breaks, direction marks or other control characters.</summary>
    public static IRuleBuilderOptions<T, string?> OneLine<T>(this IRuleBuilder<T, string?> rule) => rule
        .Must(text => text is null || !text.Any(IsControl)).WithMessage("Must not contain line breaks, direction marks or other control characters.");

    /// <summary>What may have several lines, such as a note: no control characters but line breaks.</summary>
    public static IRuleBuilderOptions<T, string?> Lines<T>(this IRuleBuilder<T, string?> rule) => rule
        .Must(text => text is null || !text.Replace("\r\n", "\n", StringComparison.Ordinal).Any(c => c != '\n' && IsControl(c)))
        .WithMessage("Must not contain direction marks or control characters other than line breaks.");

    private static bool IsControl(char c) =>
        char.GetUnicodeCategory(c) is UnicodeCategory.Control or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator || DirectionMarks.Contains(c);
}
