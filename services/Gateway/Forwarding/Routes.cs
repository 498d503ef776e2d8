using System.Text.RegularExpressions;

namespace OrderMall.Gateway.Forwarding;

/// <summary>Which service answers what.</summary>
/// <param name="Prefix">What the path after <c>/api/</c> begins with; where several fit, the longest counts.</param>
/// <param name="AnyoneMayRead">Whether nobody needs to sign in for GET.</param>
/// <param name="Role">Who may; <see langword="null"/> where the service itself decides by <c>RequireRole</c>.</param>
internal sealed record ServiceRoute(string Prefix, string AppId, bool AnyoneMayRead = false, string? Role = null)
{
    /// <summary>Whether people do there what they do for the business that they belong to.</summary>
    public bool AsBusiness { get; init; }

    /// <summary>Whether only owners of a business change anything there.</summary>
    public bool OwnersChange { get; init; }

    /// <summary>How long the headers of an answer may take, and again the rest of it. An event stream has no end.</summary>
    public TimeSpan TimeLimit { get; init; } = TimeSpan.FromSeconds(30);
}

/// <summary>The public API behind the gateway.</summary>
internal static partial class Routes
{
    private const string Section = "Gateway:Routes";
    private const string OwnPrefix = "account";

    // Who may do what behind them is one list in tests/Mall/Security/RoleTests.
    private static readonly IReadOnlyList<ServiceRoute> Known =
    [
        new("offers", AppIds.Catalog, AnyoneMayRead: true) { AsBusiness = true, OwnersChange = true },
        new("orders", AppIds.Ordering),
        new("payments", AppIds.Payment),
        new("mypage", AppIds.MyPage),
        new("mypage/titles", AppIds.MyPage) { AsBusiness = true },
        new("notifications", AppIds.Notification),
        new("store", AppIds.Store) { AsBusiness = true },
        new("reviews", AppIds.Store),
        new("deliveries", AppIds.Delivery),
        new("workers", AppIds.Dispatch) { AsBusiness = true },
        new("assignments", AppIds.Dispatch) { AsBusiness = true },
        new("titles", AppIds.Publishing) { AsBusiness = true, OwnersChange = true },
        Operators("ops", AppIds.Operations),
        Operators("ops/services", AppIds.MallControl),
        Operators("ops/payment-provider", AppIds.MallControl),
    ];

    /// <summary>
    /// The routes that the gateway knows, and those that its configuration adds: a service joins with
    /// <c>Gateway:Routes:{prefix}:AppId</c> and, where nobody needs to sign in to read, <c>Gateway:Routes:{prefix}:AnyoneMayRead</c>.
    /// </summary>
    /// <exception cref="InvalidOperationException">One of those is wrong; the message names the key.</exception>
    public static IReadOnlyList<ServiceRoute> Of(IConfiguration configuration) =>
        [.. Known, .. configuration.GetSection(Section).GetChildren().Select(Added)];

    // An audit asks everybody for everything, and services are replaced one instance after the other.
    private static ServiceRoute Operators(string prefix, string appId) => new(prefix, appId, Role: Roles.Operator) { TimeLimit = TimeSpan.FromMinutes(3) };

    private static ServiceRoute Added(IConfigurationSection section)
    {
        var prefix = section.Key;
        if (!Name().IsMatch(prefix))
            throw Wrong(section, "the last part is what follows /api/ in the path: lower-case letters, digits and hyphens");
        if (prefix == OwnPrefix || Known.Any(route => route.Prefix == prefix))
            throw Wrong(section, $"/api/{prefix} is answered by another service already");
        if (section.GetChildren().FirstOrDefault(value => value.Key is not (nameof(ServiceRoute.AppId) or nameof(ServiceRoute.AnyoneMayRead))) is { } unknown)
            throw Wrong(unknown, $"there are {nameof(ServiceRoute.AppId)} and {nameof(ServiceRoute.AnyoneMayRead)}");
        var appId = section.GetSection(nameof(ServiceRoute.AppId));
        if (appId.Value is not { } id || id == AppIds.Gateway || !Name().IsMatch(id))
            throw Wrong(appId, $"'{appId.Value}' is not the Dapr app id of a service behind the gateway");
        var anyone = section.GetSection(nameof(ServiceRoute.AnyoneMayRead));
        if (!bool.TryParse(anyone.Value ?? bool.FalseString, out var anyoneMayRead))
            throw Wrong(anyone, $"'{anyone.Value}' is neither true nor false");
        return new ServiceRoute(prefix, id, anyoneMayRead);
    }

    private static InvalidOperationException Wrong(IConfigurationSection section, string why) => new($"{AppIds.Gateway}: {section.Path}: {why}.");

    [GeneratedRegex("^[a-z][a-z0-9-]{0,62}$")]
    private static partial Regex Name();
}
