using System.Globalization;

namespace OrderMall.Gateway.Limits;

/// <summary>The kinds of requests, each with a budget of its own.</summary>
internal enum RequestKind
{
    /// <summary>New orders: the costliest.</summary>
    Orders,

    /// <summary>Everything else that changes something, by service.</summary>
    Changes,

    /// <summary>What is read without a token, by service: whoever only looks may not keep others from buying.</summary>
    PublicReads,

    /// <summary>What else only reads, by service. An event stream is one until it begins, and has limits of its own then.</summary>
    Reads,

    /// <summary>Registering and signing in.</summary>
    SignIns,

    /// <summary>What operators do.</summary>
    Operators,

    /// <summary>Bodies so large that they may take long to arrive.</summary>
    Uploads,
}

/// <summary>How large each budget is: <c>Gateway:Budgets:{kind}:AtOnce</c> and <c>:Waiting</c>.</summary>
internal sealed class BudgetSizes
{
    private const string Section = "Gateway:Budgets";
    private const int Largest = 100_000;

    // For 2 cores, where from some 16 orders at once on there are no more in a second.
    private static readonly IReadOnlyDictionary<RequestKind, BudgetSize> Defaults = new Dictionary<RequestKind, BudgetSize>
    {
        [RequestKind.Orders] = new(64, 128),
        [RequestKind.Changes] = new(32, 128),
        // Each is served at full speed where nobody orders. Beside as many orders as there can be, this is their share of the cores.
        [RequestKind.PublicReads] = new(4, 256),
        [RequestKind.Reads] = new(64, 256),
        [RequestKind.SignIns] = new(32, 128),
        [RequestKind.Operators] = new(16, 64),
        [RequestKind.Uploads] = new(16, 16),
    };

    private readonly Dictionary<RequestKind, BudgetSize> _sizes;

    private BudgetSizes(Dictionary<RequestKind, BudgetSize> sizes) => _sizes = sizes;

    public BudgetSize this[RequestKind kind] => _sizes[kind];

    /// <exception cref="InvalidOperationException">A setting is wrong; the message names the key.</exception>
    public static BudgetSizes Of(IConfiguration configuration)
    {
        var sizes = new Dictionary<RequestKind, BudgetSize>(Defaults);
        foreach (var budget in configuration.GetSection(Section).GetChildren())
        {
            if (!Enum.TryParse<RequestKind>(budget.Key, ignoreCase: true, out var kind) || !Enum.IsDefined(kind))
                throw new InvalidOperationException($"{budget.Path}: there are {string.Join(", ", Enum.GetNames<RequestKind>())}.");
            foreach (var limit in budget.GetChildren())
            {
                sizes[kind] = limit.Key.ToUpperInvariant() switch
                {
                    "ATONCE" => sizes[kind] with { AtOnce = Number(limit, 1) },
                    "WAITING" => sizes[kind] with { Waiting = Number(limit, 0) },
                    _ => throw new InvalidOperationException($"{limit.Path}: there are AtOnce and Waiting."),
                };
            }
        }

        return new BudgetSizes(sizes);
    }

    private static int Number(IConfigurationSection limit, int smallest) =>
        int.TryParse(limit.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= smallest && number <= Largest
            ? number
            : throw new InvalidOperationException($"{limit.Path} is '{limit.Value}': it must be a whole number of requests, from {smallest} to {Largest}.");
}
