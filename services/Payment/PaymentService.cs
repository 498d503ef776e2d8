using OrderMall.Contracts;
using OrderMall.ServiceDefaults;
using OrderMall.ServiceDefaults.Database;
using OrderMall.ServiceDefaults.Sidecar;

namespace OrderMall.Payment;

/// <summary>Payments, deposits and refunds.</summary>
public sealed class PaymentService : IMallService
{
    /// <inheritdoc/>
    public static string AppId => AppIds.Payment;

    /// <inheritdoc/>
    public static void Configure(WebApplicationBuilder builder)
    {
        builder.AddDatabase<PaymentDb>();
        builder.AddServiceClient(AppIds.PaymentProvider);
        builder.Services.ConfigureHttpJsonOptions(json => json.SerializerOptions.TypeInfoResolverChain.Insert(0, PaymentJson.Default));
        builder.Services.AddSingleton<ProviderClient>();
        builder.Services.AddScoped<Settlement>();
        builder.Services.AddHostedService<SettlementResumer>();
    }

    /// <inheritdoc/>
    public static void Map(WebApplication app)
    {
        PaymentsApi.Map(app);
        OrderEvents.Map(app);
    }
}
