using System.IO.Enumeration;

namespace OrderMall.Sidecar.Configuration;

/// <summary>Which app may ask which question of others. Unlike <c>daprd</c> without mTLS, the embedded sidecar always knows the caller: by its port and token.</summary>
/// <param name="AllowsByDefault">For callers without a policy.</param>
/// <param name="Policies">By the caller's app id.</param>
internal sealed record AccessControl(bool AllowsByDefault, IReadOnlyDictionary<string, AccessPolicy> Policies)
{
    /// <summary>The trust domain of callers where none is given.</summary>
    public const string PublicDomain = "public";

    /// <summary>What holds where nothing is configured.</summary>
    public static AccessControl None { get; } = new(true, new Dictionary<string, AccessPolicy>());

    /// <summary>What callers' identities begin with.</summary>
    public string TrustDomain { get; init; } = PublicDomain;

    /// <summary>Whether a caller may use an endpoint.</summary>
    /// <param name="method">The method path as the app will see it, decoded.</param>
    public bool Allows(string caller, string method, string verb) =>
        Policies.TryGetValue(caller, out var policy) ? policy.Allows(method, verb) : AllowsByDefault;
}

/// <summary>What one caller may ask.</summary>
/// <param name="AllowsByDefault">For endpoints and verbs without a rule.</param>
internal sealed record AccessPolicy(bool AllowsByDefault, AccessRules Rules)
{
    // As in Dapr, paths are compared without regard to case.
    public bool Allows(string method, string verb) =>
        Rules.Find(method.ToLowerInvariant()) is { } rule && (rule.Verbs.Contains(verb) || rule.Verbs.Contains("*")) ? rule.Allows : AllowsByDefault;
}

/// <summary>What holds for an endpoint, and in Dapr for everything below it.</summary>
internal sealed record AccessRule(IReadOnlyList<string> Verbs, bool Allows);

/// <summary>
/// Rules by the parts of their paths, found as Dapr finds them. A part may be <c>*</c>, which at the end stands for one more part or none,
/// <c>**</c> for any number of them, or have stars within. Where several fit, the one written first counts.
/// </summary>
internal sealed class AccessRules
{
    private readonly List<(string Part, AccessRules Below)> _parts = [];
    private AccessRule? _rule;

    public void Add(string path, AccessRule rule)
    {
        var at = this;
        foreach (var part in path.ToLowerInvariant().Split('/'))
        {
            var below = at._parts.Find(known => known.Part == part).Below;
            if (below is null)
                at._parts.Add((part, below = new AccessRules()));
            at = below;
        }

        at._rule ??= rule;
    }

    public AccessRule? Find(string path)
    {
        var at = this;
        var parts = path.Split('/');
        for (var i = 0; i < parts.Length; i++)
        {
            var below = at.Below(parts[i], isLast: i == parts.Length - 1);
            if (below is null || below._rule is not null)
                return below?._rule;
            at = below;
        }

        return at.Below("*", isLast: true)?._rule;
    }

    private AccessRules? Below(string part, bool isLast) =>
        _parts.Find(known => known.Part == part
            || (known.Part == "*" ? isLast : known.Part == "**" || FileSystemName.MatchesSimpleExpression(known.Part, part, ignoreCase: false))).Below;
}
