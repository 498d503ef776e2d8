namespace OrderMall.Chaos.Relays;

/// <summary>Where a link leads.</summary>
internal enum LinkTarget
{
    /// <summary>From the sidecar to an instance of a service.</summary>
    Instance,

    /// <summary>From an instance of a service to its sidecar.</summary>
    Sidecar,

    /// <summary>From a service, or the sidecar, to PostgreSQL.</summary>
    Database,
}

/// <summary>A network link between two processes.</summary>
internal sealed record NetworkLink(LinkTarget Target, string AppId, int Instance = 0)
{
    public override string ToString() => Target switch
    {
        LinkTarget.Instance => $"sidecar→{AppId}-{Instance + 1}",
        LinkTarget.Sidecar => $"{AppId}-{Instance + 1}→sidecar",
        _ => $"{AppId}→PostgreSQL",
    };
}
