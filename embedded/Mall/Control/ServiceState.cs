using System.Text.Json.Serialization;
using OrderMall.Mall.Hosting;

namespace OrderMall.Mall.Control;

/// <summary>A service as operators see it.</summary>
/// <param name="AppId">Its Dapr app id.</param>
/// <param name="Status">What it is doing.</param>
/// <param name="Instances">How many of its instances serve.</param>
/// <param name="Circuits">The circuit breakers of what it calls and what is delivered to it.</param>
public sealed record ServiceState(string AppId, ServiceStatus Status, int Instances, IReadOnlyList<CircuitView> Circuits);

/// <summary>A circuit breaker.</summary>
/// <param name="Target">The called app, or the component.</param>
/// <param name="State"><c>closed</c>, <c>open</c> or <c>half-open</c>.</param>
public sealed record CircuitView(string Target, string State);

/// <summary>How the payment provider is to behave.</summary>
/// <param name="Mode">normal, slow, down or decline.</param>
/// <param name="DelayMs">How long it takes when it is slow, in milliseconds.</param>
internal sealed record ProviderMode(string? Mode, int? DelayMs);

[JsonSourceGenerationOptions(System.Text.Json.JsonSerializerDefaults.Web, UseStringEnumConverter = true)]
[JsonSerializable(typeof(IReadOnlyList<ServiceState>))]
[JsonSerializable(typeof(ServiceState))]
[JsonSerializable(typeof(ProviderMode))]
internal sealed partial class ControlJson : JsonSerializerContext;
