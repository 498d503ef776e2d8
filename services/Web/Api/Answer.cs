using System.Text.Json;

namespace OrderMall.Web.Api;

/// <summary>What the public API answered.</summary>
/// <param name="Status">The HTTP status; 503 where nothing came.</param>
/// <param name="Value">What it said; <see langword="null"/> where it refused, or said nothing.</param>
/// <param name="Problem">Why it refused; <see langword="null"/> where it did not.</param>
/// <typeparam name="T">What is asked for.</typeparam>
public sealed record Answer<T>(int Status, T? Value, Problem? Problem)
    where T : class
{
    /// <summary>Whether it was done.</summary>
    public bool Ok => Problem is null;

    /// <summary>Whether whoever asked has to sign in.</summary>
    public bool IsSignedOut => Status == StatusCodes.Status401Unauthorized;

    /// <summary>Whether there is no such thing.</summary>
    public bool IsNotFound => Status == StatusCodes.Status404NotFound;
}

/// <summary>Why the API refused (RFC 9457).</summary>
/// <param name="Type">The last part of its type, such as <c>sold-out</c>.</param>
/// <param name="Detail">The API's own words, in English.</param>
/// <param name="Errors">What is wrong, by field.</param>
public sealed record Problem(string Type, string? Detail, IReadOnlyDictionary<string, string[]> Errors, IReadOnlyDictionary<string, JsonElement> Members)
{
    private static readonly IReadOnlyDictionary<string, string[]> NoErrors = new Dictionary<string, string[]>();

    /// <summary>There was no answer, or none that means anything.</summary>
    public static readonly Problem Unavailable = new("unavailable", null, NoErrors, new Dictionary<string, JsonElement>());

    /// <summary>A number that the problem names, such as the price now.</summary>
    public decimal? Number(string member) => Members.TryGetValue(member, out var value) && value.ValueKind == JsonValueKind.Number ? value.GetDecimal() : null;

    /// <summary>Reads a problem document.</summary>
    public static Problem Read(JsonElement json)
    {
        var members = json.EnumerateObject().ToDictionary(member => member.Name, member => member.Value.Clone());
        var type = members.TryGetValue("type", out var named) && named.ValueKind == JsonValueKind.String ? named.GetString()! : "";
        return new Problem(
            type.StartsWith(Problems.TypePrefix, StringComparison.Ordinal) ? type[Problems.TypePrefix.Length..] : "internal",
            members.TryGetValue("detail", out var detail) ? detail.ToString() : null,
            members.TryGetValue("errors", out var errors) && errors.ValueKind == JsonValueKind.Object
                ? errors.EnumerateObject().ToDictionary(field => field.Name, field => field.Value.EnumerateArray().Select(message => message.ToString()).ToArray())
                : NoErrors,
            members);
    }
}
