using System.Security.Claims;
using System.Text.Json.Serialization;

namespace OrderMall.Payment;

/// <summary>A payment as its customer sees it.</summary>
internal sealed record PaymentView(Guid OrderId, decimal Amount, string Currency, PaymentStatus Status);

/// <summary>What ordering asks of payment, and what customers see of it.</summary>
internal static class PaymentsApi
{
    private const int Attempts = 5;

    public static void Map(WebApplication app)
    {
        app.MapGet("/api/payments/{orderId:guid}", GetAsync).WithName("GetPayment").WithTags("Payments")
            .WithSummary("The payment of one of the customer's own orders.").RequireRole(Roles.Customer);

        app.MapPost("/charges", async (ChargeRequest request, IServiceScopeFactory scopes, CancellationToken cancellationToken) =>
            TypedResults.Ok(new ChargeAnswer(await SettleAsync(scopes, settlement => settlement.ChargeAsync(request, cancellationToken))))).ExcludeFromDescription();
        app.MapPost("/refunds", async (RefundRequest request, IServiceScopeFactory scopes, CancellationToken cancellationToken) =>
            TypedResults.Ok(new RefundAnswer(await SettleAsync(scopes, settlement => settlement.RefundAsync(request.OrderId, cancellationToken))))).ExcludeFromDescription();
        app.MapPost("/audit/payments", async (AuditOrders some, PaymentDb db, CancellationToken cancellationToken) =>
            await db.Payments.AsNoTracking()
                .Where(payment => some.OrderIds.Contains(payment.OrderId))
                .Select(payment => new AuditedPayment(payment.OrderId, payment.Amount, payment.Status))
                .ToListAsync(cancellationToken)).ExcludeFromDescription();
    }

    private static async Task<Results<Ok<PaymentView>, ProblemHttpResult>> GetAsync(Guid orderId, ClaimsPrincipal user, PaymentDb db, CancellationToken cancellationToken)
    {
        var customerId = user.Id();
        return await db.Payments.AsNoTracking().FirstOrDefaultAsync(payment => payment.OrderId == orderId && payment.CustomerId == customerId, cancellationToken) is { } payment
            ? TypedResults.Ok(new PaymentView(payment.OrderId, payment.Amount, payment.Currency, payment.Status))
            : Problems.NotFound("payment");
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
            }
        }
    }
}

/// <summary>Source-generated JSON of this service's own API.</summary>
[JsonSourceGenerationOptions(System.Text.Json.JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(PaymentView))]
internal sealed partial class PaymentJson : JsonSerializerContext;
