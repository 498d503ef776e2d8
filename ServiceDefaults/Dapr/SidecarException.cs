namespace OrderMall.ServiceDefaults.Dapr;

/// <summary>The sidecar did not do what it was asked: it is down, or what is behind it is.</summary>
public sealed class SidecarException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>A service that had to answer did not: it is down, too slow, or its circuit is open. Answered to people as 503.</summary>
public sealed class ServiceUnavailableException(string appId, string detail, Exception? inner = null)
    : Exception($"{appId} is unavailable: {detail}", inner)
{
    /// <summary>The service that did not answer.</summary>
    public string AppId { get; } = appId;

    /// <summary>Whether it was not even asked, because its circuit is open.</summary>
    public bool CircuitIsOpen { get; } = detail.Contains(ServiceClient.OpenCircuit, StringComparison.Ordinal);
}
