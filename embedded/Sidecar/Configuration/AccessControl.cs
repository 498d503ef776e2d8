namespace OrderMall.Sidecar;

/// <summary>
/// Which app may ask which question of others. Unlike <c>daprd</c> without mTLS, the embedded sidecar always knows the caller: by its
/// port and token.
/// </summary>
/// <param name="AllowsByDefault">For callers without a policy.</param>
/// <param name="Policies">By the caller's app id.</param>
internal sealed record AccessControl(bool AllowsByDefault, IReadOnlyDictionary<string, AccessPolicy> Policies)
{
    /// <summary>What holds where nothing is configured.</summary>
    public static AccessControl None { get; } = new(true, new Dictionary<string, AccessPolicy>());

    /// <summary>Whether a caller may use an endpoint.</summary>
    /// <param name="caller">The calling app.</param>
    /// <param name="path">The method path, with its leading slash.</param>
    /// <param name="verb">The HTTP verb.</param>
    public bool Allows(string caller, string path, string verb) =>
        Policies.TryGetValue(caller, out var policy) ? policy.Allows(path, verb) : AllowsByDefault;
}

/// <summary>What one caller may ask.</summary>
/// <param name="AllowsByDefault">For endpoints without a rule.</param>
/// <param name="Rules">The first that fits decides.</param>
internal sealed record AccessPolicy(bool AllowsByDefault, IReadOnlyList<AccessRule> Rules)
{
    public bool Allows(string path, string verb)
    {
        foreach (var rule in Rules)
        {
            if (rule.Fits(path) && rule.Verbs.Any(known => known == "*" || known == verb))
                return rule.Allows;
        }

        return AllowsByDefault;
    }
}

/// <summary>A rule for an endpoint, or with <c>/*</c> at its end for those below it.</summary>
internal sealed record AccessRule(string Path, IReadOnlyList<string> Verbs, bool Allows)
{
    // As in Dapr, paths are compared without regard to case.
    public bool Fits(string path) => Path.EndsWith("/*", StringComparison.Ordinal)
        ? path.StartsWith(Path[..^1], StringComparison.OrdinalIgnoreCase)
        : path.Equals(Path, StringComparison.OrdinalIgnoreCase);
}
