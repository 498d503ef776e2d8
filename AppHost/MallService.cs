namespace OrderMall.AppHost;

/// <summary>A service of the mall: what it needs, whom it calls and what it hears. All else follows from that.</summary>
/// <param name="AppId">Its Dapr app id, and the resource's name.</param>
internal sealed record MallService(string AppId)
{
    /// <summary>Whether it keeps tables, in a PostgreSQL database of its own.</summary>
    public bool HasDatabase { get; init; } = true;

    /// <summary>Whether it keeps something in the Dapr state store.</summary>
    public bool HasState { get; init; }

    /// <summary>Whether it writes emails.</summary>
    public bool SendsMail { get; init; }

    /// <summary>Whether <c>Mall:Replicas</c> counts for it.</summary>
    public bool IsReplicated { get; init; }

    /// <summary>Whether there may be only one of it.</summary>
    public bool IsSingle { get; init; }

    /// <summary>Whether people reach it, and not only other services.</summary>
    public bool IsPublic { get; init; }

    /// <summary>The app ids of those that it asks and waits for.</summary>
    public IReadOnlyList<string> Calls { get; init; } = [];

    /// <summary>The topics that it subscribes to.</summary>
    public IReadOnlyList<string> Hears { get; init; } = [];

    /// <summary>The part of the public API that it brings along, for anyone to read: <c>/api/{Joins}</c>. The gateway knows the others' by itself.</summary>
    public string? Joins { get; init; }

    /// <summary>Its database's name. On a server that others use too, it should say whose it is.</summary>
    public string Database => "ordermall_" + AppId.Replace('-', '_');
}
