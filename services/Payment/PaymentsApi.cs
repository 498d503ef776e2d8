using System.Security.Claims;
using System.Text.Json.Serialization;

namespace OrderMall.Payment;

/// <summary>A payment as its customer sees it.</summary>
internal sealed record PaymentView(Guid OrderId, decimal Amount, string Currency, PaymentStatus Status);

/// <summary>What customers see of their payments.</summary>
internal static class PaymentsApi
{
    public static void Map(WebApplication app) =>
        app.MapGet("/api/payments/{orderId:guid}", GetAsync).WithName("GetPayment").WithTags("Payments")
            .WithSummary("The payment of one of the customer's own orders.").RequireRole(Roles.Customer);

    private static async Task<Results<Ok<PaymentView>, ProblemHttpResult>> GetAsync(Guid orderId, ClaimsPrincipal user, PaymentDb db, CancellationToken cancellationToken)
    {
        var customerId = user.Id();
        return await db.Payments.AsNoTracking().FirstOrDefaultAsync(payment => payment.OrderId == orderId && payment.CustomerId == customerId, cancellationToken) is { } payment
            ? TypedResults.Ok(new PaymentView(payment.OrderId, payment.Amount, payment.Currency, payment.Status))
            : Problems.NotFound("payment");
    }
}

/// <summary>Source-generated JSON of this service's own API.</summary>
[JsonSourceGenerationOptions(System.Text.Json.JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(PaymentView))]
internal sealed partial class PaymentJson : JsonSerializerContext;
