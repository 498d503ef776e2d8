using System.Diagnostics;
using Npgsql;

namespace OrderMall.Payment;

/// <summary>Settles payments with the provider.</summary>
internal sealed class Settlement(PaymentDb db, ProviderClient provider, ActivitySource source, TimeProvider time)
{
    /// <summary>Takes an order's money, or tells what became of it before.</summary>
    /// <exception cref="DbUpdateException">Somebody else changed the same payment: look again.</exception>
    public async Task<ChargeOutcome> ChargeAsync(ChargeRequest request, CancellationToken cancellationToken)
    {
        // An order is usually new here: there is no looking first, and its answer is saved with it.
        var payment = Payment.Begin(request, time.Now());
        db.Begin(payment);
        var answer = await TryAskAsync(payment, provider.ChargeAsync, cancellationToken);
        try
        {
            await SaveAsync(payment, answer, cancellationToken);
        }
        catch (DbUpdateException e) when (e.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation })
        {
            db.ChangeTracker.Clear();
            payment = await db.Payments.FirstAsync(known => known.OrderId == request.OrderId, cancellationToken);
            if (!payment.IsSettled && !payment.Withdrawn)
                await SaveAsync(payment, answer, cancellationToken);
        }

        return payment.ChargeOutcome;
    }

    /// <summary>Gives an order's money back, and sees to it that none is taken later.</summary>
    /// <exception cref="DbUpdateException">Somebody else changed or began the same payment: look again.</exception>
    public async Task<RefundOutcome> RefundAsync(Guid orderId, CancellationToken cancellationToken)
    {
        var payment = await FindAsync(orderId, cancellationToken);
        if (payment is null)
            db.Begin(payment = Payment.NeverToBe(orderId, time.Now()));
        else
            payment.Withdraw(time.Now());
        await db.SaveChangesAsync(cancellationToken);

        if (!payment.IsSettled)
            await AskAsync(payment, provider.RefundAsync, cancellationToken);
        return payment.IsSettled ? RefundOutcome.Refunded : RefundOutcome.Unknown;
    }

    /// <summary>Takes up a payment whose outcome is not known.</summary>
    public async Task ResumeAsync(Guid orderId, CancellationToken cancellationToken)
    {
        if (await FindAsync(orderId, cancellationToken) is not { IsSettled: false } payment)
            return;
        using var activity = source.StartActivity("settle payment", ActivityKind.Internal, parentId: db.TraceParentOf(payment));
        // Whether it is still to be charged is for ordering to say: here one only asks what became of it.
        await AskAsync(payment, payment.Withdrawn ? provider.RefundAsync : provider.LookUpAsync, cancellationToken);
    }

    private Task<Payment?> FindAsync(Guid orderId, CancellationToken cancellationToken) =>
        db.Payments.FirstOrDefaultAsync(payment => payment.OrderId == orderId, cancellationToken);

    private async Task AskAsync(Payment payment, Func<Payment, CancellationToken, Task<ProviderAnswer>> question, CancellationToken cancellationToken) =>
        await SaveAsync(payment, await TryAskAsync(payment, question, cancellationToken), cancellationToken);

    // Null where the provider does not answer.
    private static async Task<ProviderAnswer?> TryAskAsync(Payment payment, Func<Payment, CancellationToken, Task<ProviderAnswer>> question, CancellationToken cancellationToken)
    {
        try
        {
            return await question(payment, cancellationToken);
        }
        catch (ServiceUnavailableException)
        {
            return null;
        }
    }

    private async Task SaveAsync(Payment payment, ProviderAnswer? answer, CancellationToken cancellationToken)
    {
        if (answer is not null && payment.Settle(answer, time.Now()) is { } eventType)
            db.Publish(eventType, payment.ToEvent());
        else if (!payment.IsSettled)
            payment.TryAgain(time.Now());
        Activity.Current?.SetTag("mall.order.id", payment.OrderId).SetTag("mall.payment.status", payment.Status.ToString());
        await db.SaveChangesAsync(cancellationToken);
    }
}
