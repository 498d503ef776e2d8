using System.Text.RegularExpressions;

namespace OrderMall.Notification;

/// <summary>
/// What messages say, in every language there is: from <c>Texts/*.json</c>, and where configuration says otherwise from that, without a new build
/// (<c>Notification:Texts:ko:Accepted:subject</c>).
/// </summary>
internal sealed partial class Texts(IConfiguration configuration)
{
    /// <summary>What people read who have not chosen.</summary>
    public const string Default = "en";

    /// <summary>The languages there are (ISO 639-1).</summary>
    public static readonly IReadOnlyList<string> Languages = [Default, "ko"];

    private static readonly Dictionary<string, IConfiguration> Ours = Languages.ToDictionary(language => language, Read);

    /// <summary>Writes the same letters in every language: each person is given theirs.</summary>
    public List<Letter> InEach(Func<Words, IEnumerable<Letter>> write) =>
        [.. Languages.SelectMany(language => write(new Words(this, language)).Select(letter => letter with { Language = language }))];

    /// <summary>A text with its values in it.</summary>
    /// <returns><see langword="null"/> where there is none.</returns>
    public string? Find(string language, string key, IReadOnlyDictionary<string, string> values)
    {
        var text = configuration[$"Notification:Texts:{language}:{key}"] ?? Ours[language][key] ?? Ours[Default][key];
        return text is null ? null : Place().Replace(text, place => values.GetValueOrDefault(place.Groups[1].Value, place.Value));
    }

    private static IConfiguration Read(string language)
    {
        using var json = typeof(Texts).Assembly.GetManifestResourceStream($"{language}.json")!;
        return new ConfigurationBuilder().AddJsonStream(json).Build();
    }

    [GeneratedRegex(@"\{(\w+)\}")]
    private static partial Regex Place();
}

/// <summary>The words of one language.</summary>
internal readonly record struct Words(Texts Texts, string Language)
{
    private static readonly Dictionary<string, string> Nothing = [];

    /// <summary>A message.</summary>
    public (string Subject, string Text) Say(string key, Dictionary<string, string> values) => (Part($"{key}:subject", values), Part($"{key}:text", values));

    /// <summary>Every order's: what it is of and what belongs to it.</summary>
    public Dictionary<string, string> Of(OrderEvent order) => new()
    {
        ["title"] = order.Title,
        ["what"] = Part("part:order", new()
        {
            ["quantity"] = $"{order.Quantity}",
            ["title"] = order.Title,
            ["amount"] = OrderMessages.Money(order.Amount, order.Currency),
            ["when"] = When(order.Date),
            ["where"] = Where(order.Place),
        }),
        ["to"] = With("to", "destination", order.Destination),
        ["because"] = Because(order.Reason),
        ["paid"] = order.Prepaid > 0 ? Part("part:paid", new() { ["amount"] = OrderMessages.Money(order.Prepaid, order.Currency) }) : "",
        ["refunding"] = order.Prepaid > 0 ? Part("part:refunding", Nothing) : "",
        ["refunded"] = order.Prepaid > 0 ? Part("part:refunded", Nothing) : "",
        ["waits"] = order.Fulfilment == Fulfilment.Confirmation ? Part("part:waits", Nothing) : "",
        ["note"] = With("note", "note", order.Note),
        ["status"] = Texts.Find(Language, $"status:{order.Status}", Nothing) ?? $"{order.Status}",
        ["worker"] = order.Worker ?? Part("part:somebody", Nothing),
    };

    /// <summary>What a role is called.</summary>
    public string Role(string role) => Texts.Find(Language, $"role:{role}", Nothing) ?? role;

    /// <summary>That somebody has these roles now, or has them no more.</summary>
    public string Roles(string part, IEnumerable<string> roles) => With(part, "roles", string.Join(", ", roles.Select(Role)));

    public string When(DateOnly? date) => date is { } day ? Part("part:when", new() { ["date"] = $"{day:yyyy-MM-dd}" }) : "";

    public string Where(string? place) => With("where", "place", place);

    /// <summary>Why, in the mall's words, and after a colon in a person's own.</summary>
    public string Because(string? reason)
    {
        if (reason is not { Length: > 0 })
            return "";
        var (ours, colon) = (reason.Split(": ")[0], reason.IndexOf(": ", StringComparison.Ordinal));
        return With("because", "reason", (Texts.Find(Language, $"reason:{ours}", Nothing) ?? ours) + (colon < 0 ? "" : reason[colon..]));
    }

    public string Part(string key, Dictionary<string, string> values) => Texts.Find(Language, key, values) ?? throw new ArgumentException($"There is no text {key}.", nameof(key));

    private string With(string part, string name, string? value) => value is { Length: > 0 } there ? Part($"part:{part}", new() { [name] = there }) : "";
}
