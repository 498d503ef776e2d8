using OrderMall.Contracts.Calls;
using OrderMall.Contracts.Events;

namespace OrderMall.Saga.Tests;

/// <summary>The rules of a payment, without any server.</summary>
public sealed class PaymentTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void An_approved_charge_is_settled()
    {
        var payment = Pending();
        Assert.Equal(PaymentEvent.Approved, payment.Settle(new ProviderAnswer(ProviderOutcome.Approved, 0), Now));
        Assert.True(payment.IsSettled);
        Assert.Equal(ChargeOutcome.Approved, payment.ChargeOutcome);
        Assert.Null(payment.DueAt);
    }

    [Fact]
    public void A_charge_that_the_provider_does_not_know_stays_open()
    {
        var payment = Pending();
        Assert.Null(payment.Settle(new ProviderAnswer(ProviderOutcome.Unknown, 0), Now));
        Assert.False(payment.IsSettled);
        Assert.Equal(ChargeOutcome.Unknown, payment.ChargeOutcome);
    }

    [Fact]
    public void A_charge_approved_after_it_was_withdrawn_is_not_settled_until_the_money_is_back()
    {
        var payment = Pending();
        payment.Withdraw(Now);
        payment.Settle(new ProviderAnswer(ProviderOutcome.Approved, 0), Now);
        Assert.False(payment.IsSettled);
        Assert.NotNull(payment.DueAt);
        Assert.Equal(ChargeOutcome.Voided, payment.ChargeOutcome);
        Assert.Equal(PaymentEvent.Refunded, payment.Settle(new ProviderAnswer(ProviderOutcome.Refunded, 10), Now));
        Assert.True(payment.IsSettled);
    }

    [Fact]
    public void An_old_approval_does_not_undo_a_refund()
    {
        var payment = Pending();
        payment.Settle(new ProviderAnswer(ProviderOutcome.Approved, 0), Now);
        payment.Withdraw(Now);
        payment.Settle(new ProviderAnswer(ProviderOutcome.Refunded, 10), Now);
        Assert.Null(payment.Settle(new ProviderAnswer(ProviderOutcome.Approved, 0), Now));
        Assert.Equal(PaymentStatus.Refunded, payment.Status);
    }

    [Fact]
    public void What_was_withdrawn_before_it_began_is_never_charged()
    {
        var payment = Payment.Payment.NeverToBe(Guid.NewGuid(), Now);
        Assert.Equal((false, ChargeOutcome.Voided, Now), (payment.IsSettled, payment.ChargeOutcome, payment.DueAt));
        Assert.Null(payment.Settle(new ProviderAnswer(ProviderOutcome.Refunded, 0), Now));
        Assert.Equal((true, ChargeOutcome.Voided, null), (payment.IsSettled, payment.ChargeOutcome, payment.DueAt));
    }

    [Fact]
    public void What_the_provider_gives_back_for_a_charge_that_was_never_known_is()
    {
        var payment = Payment.Payment.NeverToBe(Guid.NewGuid(), Now);
        Assert.Null(payment.Settle(new ProviderAnswer(ProviderOutcome.Refunded, 10), Now));
        Assert.Equal((true, PaymentStatus.Refunded, 10m), (payment.IsSettled, payment.Status, payment.Amount));
    }

    private static Payment.Payment Pending() => Payment.Payment.Begin(new ChargeRequest(Guid.NewGuid(), "alice", 10, "KRW", "card_ok"), Now);
}
