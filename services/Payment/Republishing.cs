using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using OrderMall.Contracts;
using OrderMall.ServiceDefaults;

namespace OrderMall.Payment;

/// <summary>Publishes again what came of an order's payment: as a new event, which changes nothing for who heard of it.</summary>
internal static class Republishing
{
    public static void Map(WebApplication app) => app.MapPost("/republications", RepublishAsync).ExcludeFromDescription();

    private static async Task<Ok<RepublishAnswer>> RepublishAsync(RepublishRequest request, PaymentDb db, TimeProvider time, CancellationToken cancellationToken)
    {
        if (await db.Payments.AsNoTracking().FirstOrDefaultAsync(payment => payment.OrderId == request.Id, cancellationToken) is not { } payment)
            return TypedResults.Ok(new RepublishAnswer(IsKnown: false, []));
        // Money that is to be given back is no approval any more, and what was never to be charged was never told of.
        var type = payment switch
        {
            { Status: PaymentStatus.Refunded } => PaymentEvent.Refunded,
            { Status: PaymentStatus.Approved, Withdrawn: false } => PaymentEvent.Approved,
            { Status: PaymentStatus.Declined, Withdrawn: false } => PaymentEvent.Declined,
            _ => null,
        };
        if (type is null)
            return TypedResults.Ok(new RepublishAnswer(IsKnown: true, []));
        db.Publish(Topics.Payments, type, payment.OrderId, payment.ToEvent() with { At = time.Now() }, ContractsJson.Default.PaymentEvent, time.Now());
        await db.SaveChangesAsync(cancellationToken);
        return TypedResults.Ok(new RepublishAnswer(IsKnown: true, [type]));
    }
}
