namespace OrderMall.Chaos.Ways;

/// <summary>Where a way leads.</summary>
internal enum WayTo
{
    /// <summary>From the sidecar to an instance of a service.</summary>
    Instance,

    /// <summary>From an instance of a service to its sidecar.</summary>
    Sidecar,

    /// <summary>From a service, or the sidecar, to PostgreSQL.</summary>
    Database,
}

/// <summary>A way between two processes.</summary>
internal sealed record Way(WayTo To, string AppId, int Instance = 0)
{
    public override string ToString() => To switch
    {
        WayTo.Instance => $"sidecar→{AppId}-{Instance + 1}",
        WayTo.Sidecar => $"{AppId}-{Instance + 1}→sidecar",
        _ => $"{AppId}→PostgreSQL",
    };
}
