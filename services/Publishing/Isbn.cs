namespace OrderMall.Publishing;

/// <summary>International Standard Book Numbers (ISO 2108): ten characters, or thirteen digits from 978 or 979 on; hyphens stand between.</summary>
internal static class Isbn
{
    public static bool IsValid(string text)
    {
        if (text.StartsWith('-') || text.EndsWith('-') || text.Contains("--", StringComparison.Ordinal))
            return false;
        var number = text.Replace("-", "");
        return number.Length switch
        {
            10 => IsValid10(number),
            13 => IsValid13(number),
            _ => false,
        };
    }

    // The last character may be X, which counts ten.
    private static bool IsValid10(string number)
    {
        if (!IsDigits(number.AsSpan(0, 9)) || !(char.IsAsciiDigit(number[9]) || number[9] == 'X'))
            return false;
        return number.Select((c, i) => (10 - i) * (c == 'X' ? 10 : c - '0')).Sum() % 11 == 0;
    }

    private static bool IsValid13(string number) =>
        IsDigits(number)
        && (number.StartsWith("978", StringComparison.Ordinal) || number.StartsWith("979", StringComparison.Ordinal))
        && number.Select((c, i) => (i % 2 == 0 ? 1 : 3) * (c - '0')).Sum() % 10 == 0;

    private static bool IsDigits(ReadOnlySpan<char> text) => text.IndexOfAnyExceptInRange('0', '9') < 0;
}
