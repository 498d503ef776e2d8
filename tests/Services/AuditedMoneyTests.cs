using OrderMall.Contracts;
using OrderMall.Contracts.Calls;
using OrderMall.Contracts.Events;
using OrderMall.Operations;

namespace OrderMall.Services.Tests;

/// <summary>What the audit says of an order's money: in ordering, in payment's ledger and in the provider's own.</summary>
public sealed class AuditedMoneyTests
{
    [Theory]
    [InlineData(OrderStatus.Preparing, PaymentStatus.Approved, 1, 100, 0)]
    [InlineData(OrderStatus.Cancelled, PaymentStatus.Refunded, 1, 100, 100)]
    [InlineData(OrderStatus.Rejected, PaymentStatus.Refunded, 1, 100, 100)]
    [InlineData(OrderStatus.Rejected, PaymentStatus.Declined, 0, 0, 0)]
    public void Ledgers_that_agree_are_not_mentioned(OrderStatus order, PaymentStatus ours, int charges, int charged, int refunded) =>
        Assert.DoesNotContain(Judge(order, new AuditedPayment(Guid.Empty, 100, ours), charges, charged, refunded), rule => rule is "payment" or "provider" or "ledgers");

    [Theory]
    [InlineData(OrderStatus.Preparing, PaymentStatus.Approved, 0, 0, 0, "provider")] // paid with us, not with them
    [InlineData(OrderStatus.Preparing, PaymentStatus.Approved, 2, 200, 0, "provider")] // paid twice
    [InlineData(OrderStatus.Preparing, PaymentStatus.Approved, 1, 100, 100, "provider")] // given back though it goes on
    [InlineData(OrderStatus.Preparing, PaymentStatus.Pending, 1, 100, 0, "payment")]
    [InlineData(OrderStatus.Cancelled, PaymentStatus.Approved, 1, 100, 100, "payment")]
    [InlineData(OrderStatus.Cancelled, PaymentStatus.Refunded, 1, 100, 0, "provider")] // money that stayed
    [InlineData(OrderStatus.Rejected, PaymentStatus.Declined, 1, 100, 0, "provider")]
    [InlineData(OrderStatus.Rejected, PaymentStatus.Declined, 1, 100, 100, "ledgers")] // taken and given back without our knowing
    [InlineData(OrderStatus.Cancelled, PaymentStatus.Refunded, 0, 0, 0, "ledgers")] // given back what was never taken
    public void Ledgers_that_do_not_agree_are_found(OrderStatus order, PaymentStatus ours, int charges, int charged, int refunded, string rule) =>
        Assert.Contains(rule, Judge(order, new AuditedPayment(Guid.Empty, 100, ours), charges, charged, refunded));

    [Theory]
    [InlineData(0, 0, false)]
    [InlineData(100, 100, true)]
    public void A_charge_that_payment_knows_nothing_of_is_found(int charged, int refunded, bool found) =>
        Assert.Equal(found, Judge(OrderStatus.Rejected, null, charged > 0 ? 1 : 0, charged, refunded).Contains("ledgers"));

    private static List<string> Judge(OrderStatus status, AuditedPayment? ours, int charges, int charged, int refunded) =>
    [
        .. AuditRules.Judge(new OrderFacts(new AuditedOrder(Guid.Empty, "alice", Guid.Empty, 1, status, 3, 100, Fulfilment.Delivery, Public: true, Overdue: false))
        {
            Payment = new(true, ours),
            Provider = new(true, new AuditedCharge(Guid.Empty, charges, charged, refunded)),
        }).Select(disagreement => disagreement.Rule),
    ];
}
