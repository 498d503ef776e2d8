namespace OrderMall.Payment;

/// <summary>What ordering asks of payment.</summary>
internal static class PaymentCalls
{
    private const int Attempts = 5;

    public static void Map(WebApplication app)
    {
        app.MapPost("/charges", async (ChargeRequest request, IServiceScopeFactory scopes, CancellationToken cancellationToken) =>
            TypedResults.Ok(new ChargeAnswer(await SettleAsync(scopes, settlement => settlement.ChargeAsync(request, cancellationToken))))).ExcludeFromDescription();
        app.MapPost("/refunds", async (RefundRequest request, IServiceScopeFactory scopes, CancellationToken cancellationToken) =>
            TypedResults.Ok(new RefundAnswer(await SettleAsync(scopes, settlement => settlement.RefundAsync(request.OrderId, cancellationToken))))).ExcludeFromDescription();
    }

    // Two requests for one order at the same moment: the later one sees what the earlier one did.
    private static async Task<T> SettleAsync<T>(IServiceScopeFactory scopes, Func<Settlement, Task<T>> settle)
    {
        for (var attempt = 1; ; attempt++)
        {
            await using var scope = scopes.CreateAsyncScope();
            try
            {
                return await settle(scope.ServiceProvider.GetRequiredService<Settlement>());
            }
            catch (DbUpdateException e) when (attempt < Attempts && (e is DbUpdateConcurrencyException || e.InnerException is Npgsql.PostgresException))
            {
                DatabaseFailure.EvictPools(e, scope.ServiceProvider);
            }
        }
    }
}
