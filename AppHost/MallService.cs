namespace OrderMall.AppHost;

/// <summary>A service of the mall: what it needs and whom it invokes. All else follows from that.</summary>
/// <param name="AppId">Its Dapr app id, and the resource's name.</param>
internal sealed record MallService(string AppId)
{
    /// <summary>Whether it keeps tables, in a PostgreSQL database of its own.</summary>
    public bool HasDatabase { get; init; } = true;

    /// <summary>Whether it is part of the demo alone.</summary>
    public bool IsDemo { get; init; }

    /// <summary>Whether people reach it directly.</summary>
    public bool IsPublic { get; init; }

    /// <summary>The sections of the mall's own configuration that it is handed down.</summary>
    public IReadOnlyList<string> Settings { get; init; } = [];

    /// <summary>Whether <c>Mall:Replicas</c> counts for it.</summary>
    public bool IsReplicated { get; init; }

    /// <summary>The app ids of those that it invokes and waits for.</summary>
    public IReadOnlyList<string> Invokes { get; init; } = [];

    /// <summary>
    /// The part of the public API that it brings along, for anyone to read: <c>/api/{Joins}</c>. The gateway and operations know the others by themselves.
    /// </summary>
    public string? Joins { get; init; }
}
