using System.Text.Json;
using System.Text.Json.Serialization;

namespace OrderMall.Operations;

/// <summary>Source-generated JSON of what operators are answered.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(AuditReport))]
[JsonSerializable(typeof(List<ParkedEvent>))]
[JsonSerializable(typeof(DetailedEvent))]
[JsonSerializable(typeof(Republished))]
[JsonSerializable(typeof(EventHistory))]
[JsonSerializable(typeof(Rebuilds))]
[JsonSerializable(typeof(AlarmReport))]
internal sealed partial class OperationsJson : JsonSerializerContext;
