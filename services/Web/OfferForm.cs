using System.Globalization;
using System.Text.Json.Nodes;

namespace OrderMall.Web;

/// <summary>The fields of a form as the API takes them: what is left empty is left out, and the API says what is wrong with the rest.</summary>
internal static class OfferForm
{
    public static JsonObject Read(Func<string, string?> sent, IEnumerable<string> texts, IEnumerable<string> numbers)
    {
        var body = new JsonObject();
        foreach (var field in texts)
        {
            if (sent(field) is { } text)
                body[field] = text;
        }

        foreach (var field in numbers)
        {
            if (sent(field) is { } text)
                body[field] = decimal.TryParse(text, NumberStyles.Number, CultureInfo.InvariantCulture, out var number) ? number : text;
        }

        if (sent("overbook") is not null)
            body["overbook"] = true;
        return body;
    }
}
