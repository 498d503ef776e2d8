using System.Collections.Concurrent;
using Microsoft.Extensions.Primitives;

namespace OrderMall.Notification;

/// <summary>
/// What messages say, in every language there is: from <c>Texts/*.json</c>, and where configuration says otherwise from that, without a new build
/// (<c>Notification:Texts:ko:Accepted:subject</c>).
/// </summary>
internal sealed class Texts : IDisposable
{
    /// <summary>What people read who have not chosen.</summary>
    public const string Default = "en";

    /// <summary>The languages there are (ISO 639-1).</summary>
    public static readonly IReadOnlyList<string> Languages = [Default, "ko"];

    private static readonly Dictionary<string, IConfiguration> Ours = Languages.ToDictionary(language => language, Read);

    private readonly IConfiguration _configuration;
    private readonly IDisposable _changes;
    private volatile ConcurrentDictionary<(string Language, string Key), Template> _templates = new();

    public Texts(IConfiguration configuration)
    {
        _configuration = configuration;
        _changes = ChangeToken.OnChange(configuration.GetReloadToken, () => _templates = new());
    }

    /// <summary>Writes the same letters in every language: each person is given theirs.</summary>
    public List<Letter> InEach(Func<Words, IEnumerable<Letter>> write) =>
        [.. Languages.SelectMany(language => write(new Words(this, language)).Select(letter => letter with { Language = language }))];

    /// <summary>A text as it is written.</summary>
    /// <returns><see langword="null"/> where there is none.</returns>
    public string? Find(string language, string key) =>
        _configuration[$"Notification:Texts:{language}:{key}"] ?? Ours[language][key] ?? Ours[Default][key];

    /// <summary>A text to be filled. It is kept until the configuration changes, so that no key may be of what people wrote.</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    public Template TemplateOf(string language, string key)
    {
        // Before the text is read: one that is outdated meanwhile is kept where nobody looks any more.
        var templates = _templates;
        if (!templates.TryGetValue((language, key), out var template))
            templates[(language, key)] = template = new Template(Find(language, key) ?? throw new ArgumentException($"There is no text {key}.", nameof(key)));
        return template;
    }

    public void Dispose() => _changes.Dispose();

    private static IConfiguration Read(string language)
    {
        using var json = typeof(Texts).Assembly.GetManifestResourceStream($"{language}.json")!;
        return new ConfigurationBuilder().AddJsonStream(json).Build();
    }
}

/// <summary>The words of one language. Values are asked for by the names of the placeholders that a text has: none is made that nobody reads.</summary>
internal readonly record struct Words(Texts Texts, string Language)
{
    /// <summary>A message.</summary>
    public (string Subject, string Text) Say(string key, Func<string, string?> valueOf) => (Part($"{key}:subject", valueOf), Part($"{key}:text", valueOf));

    /// <summary>Every order's values: what it is of and what belongs to it. For all that is said of one event.</summary>
    public Func<string, string?> Of(OrderEvent order)
    {
        var words = this;
        // The longest, and in nearly every message.
        string? what = null;
        return name => name switch
        {
            "title" => order.Title,
            "what" => what ??= words.Part("part:order", part => part switch
            {
                "quantity" => $"{order.Quantity}",
                "title" => order.Title,
                "amount" => OrderMessages.Money(order.Amount, order.Currency),
                "when" => words.When(order.Date),
                "where" => words.Where(order.Place),
                _ => null,
            }),
            "to" => words.With("part:to", "destination", order.Destination),
            "because" => words.Because(order.Reason),
            "paid" => order.Prepaid > 0 ? words.With("part:paid", "amount", OrderMessages.Money(order.Prepaid, order.Currency)) : "",
            "refunding" => order.Prepaid > 0 ? words.Part("part:refunding") : "",
            "refunded" => order.Prepaid > 0 ? words.Part("part:refunded") : "",
            "waits" => order.Fulfilment == Fulfilment.Confirmation ? words.Part("part:waits") : "",
            "note" => words.With("part:note", "note", order.Note),
            "status" => words.Texts.Find(words.Language, $"status:{order.Status}") ?? $"{order.Status}",
            "worker" => order.Worker ?? words.Part("part:somebody"),
            _ => null,
        };
    }

    /// <summary>What a role is called.</summary>
    public string Role(string role) => Texts.Find(Language, $"role:{role}") ?? role;

    /// <summary>That somebody has these roles now, or has them no more.</summary>
    public string Roles(string key, IEnumerable<string> roles) => With(key, "roles", string.Join(", ", roles.Select(Role)));

    public string When(DateOnly? date) => With("part:when", "date", date is { } day ? $"{day:yyyy-MM-dd}" : null);

    public string Where(string? place) => With("part:where", "place", place);

    /// <summary>Why, in the mall's words, and after a colon in a person's own.</summary>
    public string Because(string? reason)
    {
        if (reason is not { Length: > 0 })
            return "";
        var colon = reason.IndexOf(": ", StringComparison.Ordinal);
        var (ours, theirs) = colon < 0 ? (reason, "") : (reason[..colon], reason[colon..]);
        return With("part:because", "reason", (Texts.Find(Language, $"reason:{ours}") ?? ours) + theirs);
    }

    /// <exception cref="ArgumentException">There is no such text.</exception>
    public string Part(string key, Func<string, string?> valueOf) => Texts.TemplateOf(Language, key).Fill(valueOf);

    public string Part(string key) => Part(key, _ => null);

    private string With(string key, string name, string? value) => value is { Length: > 0 } ? Part(key, asked => asked == name ? value : null) : "";
}
