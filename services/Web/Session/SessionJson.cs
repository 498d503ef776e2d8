using System.Text.Json.Serialization;

namespace OrderMall.Web.Session;

/// <summary>Source-generated JSON of what is kept in the state store.</summary>
[JsonSerializable(typeof(List<string>))]
[JsonSerializable(typeof(Handover))]
internal sealed partial class SessionJson : JsonSerializerContext;
