namespace OrderMall.Payment;

/// <summary>Asks the payment provider.</summary>
internal sealed class ProviderClient([FromKeyedServices(AppIds.PaymentProvider)] ServiceClient provider)
{
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
