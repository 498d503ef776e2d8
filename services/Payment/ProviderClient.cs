namespace OrderMall.Payment;

/// <summary>Asks the payment provider: the demo's stand-in through the sidecars, any other over HTTP at its own address, with the same three calls.</summary>
internal sealed class ProviderClient([FromKeyedServices(AppIds.PaymentProvider)] ServiceClient provider)
{
    private const string Address = "PaymentProvider:Address";
    private const string Key = "PaymentProvider:Key";

    /// <summary>Adds it.</summary>
    /// <exception cref="InvalidOperationException">Without a demo the provider is not configured, or with one it is; the message names the key, and never says its value.</exception>
    public static void Add(WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<ProviderClient>();
        var given = builder.Configuration[Address];
        if (Demo.IsOn(builder))
        {
            if (!string.IsNullOrEmpty(given))
                throw new InvalidOperationException($"{AppIds.Payment}: {Address} is set, and there is a demo (Mall:Demo), which charges its own stand-in. Take one of them away.");
            builder.AddServiceClient(AppIds.PaymentProvider);
            return;
        }

        if (string.IsNullOrEmpty(given) && !Payments.AreTaken(builder))
        {
            // Nobody by that name is there: should anybody ask, the outcome is unknown, and not that money was taken.
            builder.AddServiceClient(AppIds.PaymentProvider);
            return;
        }

        if (string.IsNullOrEmpty(given))
            throw new InvalidOperationException($"{AppIds.Payment}: {Address} is not set. Without a demo (Mall:Demo) give the address of the payment provider, such as https://payments.example.com/v1, or say that there is none (Mall:Payments).");
        var (address, key) = ExternalProvider.Read(builder.Configuration, AppIds.Payment, Address, Key, "https://payments.example.com/v1");
        builder.AddExternalClient(AppIds.PaymentProvider, address, key);
    }

    /// <exception cref="ServiceUnavailableException">Whether the money was taken is unknown.</exception>
    public Task<ProviderAnswer> ChargeAsync(Payment payment, CancellationToken cancellationToken) => provider.AskAsync(
        "provider/charges",
        new ProviderCharge(payment.OrderId, payment.Amount, payment.Currency, payment.PaymentMethod),
        ContractsJson.Default.ProviderCharge,
        ContractsJson.Default.ProviderAnswer,
        cancellationToken);

    /// <exception cref="ServiceUnavailableException">Whether the money was given back is unknown.</exception>
    public Task<ProviderAnswer> RefundAsync(Payment payment, CancellationToken cancellationToken) => AskAsync("provider/refunds", payment, cancellationToken);

    /// <exception cref="ServiceUnavailableException">The provider did not answer.</exception>
    public Task<ProviderAnswer> LookUpAsync(Payment payment, CancellationToken cancellationToken) => AskAsync("provider/lookups", payment, cancellationToken);

    private Task<ProviderAnswer> AskAsync(string question, Payment payment, CancellationToken cancellationToken) => provider.AskAsync(
        question,
        new ProviderKey(payment.OrderId),
        ContractsJson.Default.ProviderKey,
        ContractsJson.Default.ProviderAnswer,
        cancellationToken);
}
