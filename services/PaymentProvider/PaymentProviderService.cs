using System.Text.Json;
using System.Text.Json.Serialization;

namespace OrderMall.PaymentProvider;

/// <summary>Stands in, for the demo alone, for the third party that moves the money. Not part of the mall: replaced by configuration of payment.</summary>
public sealed class PaymentProviderService : IMallService
{
    /// <inheritdoc/>
    public static string AppId => AppIds.PaymentProvider;

    /// <inheritdoc/>
    public static void Configure(WebApplicationBuilder builder)
    {
        if (!Demo.IsOn(builder))
        {
            throw new InvalidOperationException(
                $"{AppId}: there is no demo (Mall:Demo), and this provider moves no money: it approves whatever it is asked. Do not start it; tell payment of a real one with PaymentProvider:Address and PaymentProvider:Key.");
        }

        builder.AddDatabase<Ledger>();
        builder.Services.AddSingleton(new Retention("charge", "key", "updated_at", "amount = 0"));
        builder.Services.AddSingleton<ModeSwitch>();
        builder.AddValidators<PaymentProviderService>();
        builder.AddJson(ProviderJson.Default, ContractsJson.Default);
    }

    /// <inheritdoc/>
    public static void Map(WebApplication app)
    {
        ProviderCalls.Map(app);
        ProviderAudit.Map(app);
    }
}

/// <summary>Source-generated JSON of this service's own API.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(ProviderMode))]
internal sealed partial class ProviderJson : JsonSerializerContext;
