using System.Text.Json.Serialization;

namespace OrderMall.Control;

/// <summary>A service as operators see it.</summary>
/// <param name="Instances">How many of its instances serve.</param>
/// <param name="Restarts">How often one of its instances ended or hung by itself and was started again, since the mall was opened.</param>
/// <param name="Circuits">The circuit breakers of what it calls and what is delivered to it.</param>
public sealed record ServiceState(string AppId, ServiceStatus Status, int Instances, int Restarts, IReadOnlyList<CircuitView> Circuits);

/// <summary>What an instance is doing.</summary>
public enum ServiceStatus
{
    /// <summary>Stopped because somebody asked for it.</summary>
    Stopped,

    /// <summary>Starting for the first time, or again after it ended by itself.</summary>
    Starting,

    /// <summary>Serving.</summary>
    Running,

    /// <summary>It ended by itself or could not start; it is restarted shortly.</summary>
    Failed,
}

/// <summary>A circuit breaker.</summary>
/// <param name="Target">The called app, or the component.</param>
/// <param name="State"><c>closed</c>, <c>open</c> or <c>half-open</c>.</param>
public sealed record CircuitView(string Target, string State);

/// <summary>How the payment provider is to behave.</summary>
/// <param name="Mode">normal, slow, down or decline.</param>
/// <param name="DelayMs">How long it takes when it is slow, in milliseconds.</param>
public sealed record ProviderMode(string? Mode, int? DelayMs);

[JsonSourceGenerationOptions(System.Text.Json.JsonSerializerDefaults.Web, UseStringEnumConverter = true)]
[JsonSerializable(typeof(IReadOnlyList<ServiceState>))]
[JsonSerializable(typeof(ServiceState))]
[JsonSerializable(typeof(ProviderMode))]
internal sealed partial class ControlJson : JsonSerializerContext;
