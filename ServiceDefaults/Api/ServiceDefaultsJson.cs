using System.Text.Json;
using System.Text.Json.Serialization;
using OrderMall.ServiceDefaults.Alarms;
using OrderMall.ServiceDefaults.Messaging;

namespace OrderMall.ServiceDefaults.Api;

/// <summary>Source-generated JSON of what every service answers to operations.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(AuditedMessaging))]
[JsonSerializable(typeof(DeadLetterRequest))]
[JsonSerializable(typeof(DeadLetterAnswer))]
[JsonSerializable(typeof(List<DeadLetter>))]
[JsonSerializable(typeof(LoggedEventsRequest))]
[JsonSerializable(typeof(List<LoggedEvent>))]
[JsonSerializable(typeof(HandledEventsRequest))]
[JsonSerializable(typeof(List<HandledEvent>))]
[JsonSerializable(typeof(RepublishRequest))]
[JsonSerializable(typeof(RepublishAnswer))]
[JsonSerializable(typeof(List<MeasuredAlarm>))]
public sealed partial class ServiceDefaultsJson : JsonSerializerContext;
