using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace OrderMall.Gateway;

/// <summary>Source-generated JSON of what the gateway itself answers.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(Registration))]
[JsonSerializable(typeof(Account))]
[JsonSerializable(typeof(Credentials))]
[JsonSerializable(typeof(RefreshToken))]
[JsonSerializable(typeof(Logout))]
[JsonSerializable(typeof(NewPassword))]
[JsonSerializable(typeof(NewRoles))]
[JsonSerializable(typeof(Page<AccountView>))]
[JsonSerializable(typeof(Page<AccountChange>))]
[JsonSerializable(typeof(Apply))]
[JsonSerializable(typeof(ApplicationRefusal))]
[JsonSerializable(typeof(Page<ApplicationView>))]
[JsonSerializable(typeof(Invite))]
[JsonSerializable(typeof(MemberRole))]
[JsonSerializable(typeof(BusinessView))]
[JsonSerializable(typeof(Page<InvitationView>))]
[JsonSerializable(typeof(JsonNode))]
internal sealed partial class GatewayJson : JsonSerializerContext;
