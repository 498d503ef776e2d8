namespace OrderMall.Sidecar;

/// <summary>What an <see cref="EmbeddedSidecar"/> serves, and where it keeps what must not be lost.</summary>
public record SidecarOptions
{
    /// <summary>The folder whose <c>*.yaml</c> files are read: components, resiliency, configuration. Subfolders are not read.</summary>
    public required string ResourcesPath { get; init; }

    /// <summary>An Npgsql connection string to the sidecar's own, existing database.</summary>
    public required string ConnectionString { get; init; }

    /// <summary>The apps it stands beside.</summary>
    public required IReadOnlyList<SidecarApp> Apps { get; init; }

    /// <summary>How often each instance's health is asked for; a third as often while it is healthy and nothing is sent to it.</summary>
    public TimeSpan ProbeInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long a health answer may take before it counts as a failure: a busy instance is not an unready one.</summary>
    public TimeSpan ProbeTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Failures in a row that make an instance unhealthy. A refused connection does so at once.</summary>
    public int ProbeThreshold { get; init; } = 2;

    /// <summary>Deliveries in flight at a time, per subscription.</summary>
    public int DeliveryConcurrency { get; init; } = 16;
}

/// <summary>One app: the port it calls its sidecar on, and where its instances listen.</summary>
public sealed record SidecarApp
{
    /// <summary>The Dapr app id.</summary>
    public required string AppId { get; init; }

    /// <summary>The port on 127.0.0.1 that serves Dapr's HTTP API to this app. Who calls is known by this port.</summary>
    public required int Port { get; init; }

    /// <summary>The port on 127.0.0.1 that serves Dapr's gRPC API to this app, or <see langword="null"/> for an app that does without.</summary>
    public int? GrpcPort { get; init; }

    /// <summary>The base addresses of the app's instances, on loopback.</summary>
    public required IReadOnlyList<Uri> Instances { get; init; }

    /// <summary>What callers of <see cref="Port"/> and <see cref="GrpcPort"/> must send in <c>dapr-api-token</c>; <see langword="null"/> asks for nothing.</summary>
    public string? ApiToken { get; init; }

    /// <summary>What the sidecar sends to the app in <c>dapr-api-token</c>; <see langword="null"/> sends nothing.</summary>
    public string? AppToken { get; init; }

    /// <summary>The path whose 2xx answer means that an instance can take work.</summary>
    public string HealthPath { get; init; } = "/health";
}

/// <summary>Where a circuit breaker stands, summed over the method paths it is kept for (the worst of them).</summary>
/// <param name="AppId">The calling app, or the subscriber.</param>
/// <param name="Target">The called app's id, or the component's name.</param>
/// <param name="State"><c>closed</c>, <c>open</c> or <c>half-open</c>.</param>
public sealed record CircuitState(string AppId, string Target, string State);
