using OrderMall.Contracts;
using OrderMall.Contracts.Calls;
using OrderMall.Contracts.Events;
using OrderMall.Ordering;

namespace OrderMall.Saga.Tests;

/// <summary>The rules of an order's life, without any server.</summary>
public sealed class OrderTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void A_book_goes_from_accepted_to_delivered()
    {
        var order = Accepted(Prepayment.Full, Fulfilment.Delivery);
        foreach (var step in new[] { OrderStatus.Received, OrderStatus.Preparing, OrderStatus.Shipped, OrderStatus.Delivered })
            order.Advance(step, Start);

        Assert.Equal(
            [OrderStatus.Accepted, OrderStatus.Received, OrderStatus.Preparing, OrderStatus.Shipped, OrderStatus.Delivered],
            order.History.Select(entry => entry.Status));
        Assert.Equal(
            [OrderEvent.Accepted, OrderEvent.Received, OrderEvent.PreparationStarted, OrderEvent.Shipped, OrderEvent.Delivered],
            order.TakeEvents().Select(e => e.Type));
    }

    [Theory]
    [InlineData(Prepayment.Full, 3 * 12_000)]
    [InlineData(Prepayment.Deposit, 3 * 2_000)]
    [InlineData(Prepayment.None, 0)]
    public void The_prepayment_policy_decides_what_is_charged(Prepayment prepayment, decimal prepaid)
    {
        var order = Pending();
        order.Held(Offer(prepayment, Fulfilment.Delivery));
        Assert.Equal(prepaid, order.Prepaid);
        Assert.Equal(36_000, order.Amount);
    }

    [Fact]
    public void Steps_that_were_not_heard_of_are_passed_through_each_with_its_event_and_version()
    {
        var order = Accepted(Prepayment.Full, Fulfilment.Delivery);
        order.TakeEvents();
        var version = order.Version;
        order.Advance(OrderStatus.Shipped, Start);

        var events = order.TakeEvents();
        Assert.Equal([OrderEvent.Received, OrderEvent.PreparationStarted, OrderEvent.Shipped], events.Select(e => e.Type));
        Assert.Equal([OrderStatus.Received, OrderStatus.Preparing, OrderStatus.Shipped], events.Select(e => e.Event.Status));
        Assert.Equal([version + 1, version + 2, version + 3], events.Select(e => e.Event.Version));
    }

    [Fact]
    public void What_comes_twice_or_late_changes_nothing()
    {
        var order = Accepted(Prepayment.Full, Fulfilment.Delivery);
        order.Advance(OrderStatus.Shipped, Start);
        var (version, events) = (order.Version, order.TakeEvents().Count);
        order.Advance(OrderStatus.Shipped, Start);
        order.Advance(OrderStatus.Received, Start);

        Assert.True(events > 0);
        Assert.Equal(version, order.Version);
        Assert.Empty(order.TakeEvents());
    }

    [Fact]
    public void Without_fulfilment_an_order_is_confirmed_as_soon_as_the_store_has_it()
    {
        var order = Accepted(Prepayment.None, Fulfilment.None);
        order.Advance(OrderStatus.Received, Start);
        Assert.Equal(OrderStatus.Confirmed, order.Status);
    }

    [Fact]
    public void With_confirmation_it_waits_for_the_merchant()
    {
        var order = Accepted(Prepayment.Deposit, Fulfilment.Confirmation);
        order.Advance(OrderStatus.Received, Start);
        Assert.Equal(OrderStatus.Received, order.Status);
    }

    [Theory]
    [InlineData(OrderStatus.Shipped)]
    [InlineData(OrderStatus.Delivered)]
    public void What_has_left_cannot_be_cancelled(OrderStatus status)
    {
        var order = Accepted(Prepayment.Full, Fulfilment.Delivery);
        order.Advance(status, Start);
        Assert.False(order.BeginCancelling(OrderStatus.Cancelled, null, Start));
        Assert.Equal(status, order.Status);
    }

    [Fact]
    public void A_cancellation_done_at_once_is_one_event()
    {
        var order = Accepted(Prepayment.Full, Fulfilment.Delivery);
        order.TakeEvents();
        Assert.True(order.BeginCancelling(OrderStatus.Cancelled, null, Start));
        order.FinishCancelling(Start);

        Assert.Equal([OrderEvent.Cancelled], order.TakeEvents().Select(e => e.Type));
        Assert.Null(order.DueAt);
    }

    [Fact]
    public void A_cancellation_that_must_wait_is_announced_once_and_stays_due()
    {
        var order = Accepted(Prepayment.Full, Fulfilment.Delivery);
        order.TakeEvents();
        order.BeginCancelling(OrderStatus.Cancelled, null, Start);
        order.PostponeCancelling(Start);
        order.PostponeCancelling(Start);
        Assert.NotNull(order.DueAt);
        order.FinishCancelling(Start);

        Assert.Equal([OrderEvent.CancellationRequested, OrderEvent.Cancelled], order.TakeEvents().Select(e => e.Type));
        Assert.Equal([OrderStatus.Accepted, OrderStatus.Cancelling, OrderStatus.Cancelled], order.History.Select(entry => entry.Status));
    }

    [Fact]
    public void A_cancellation_refused_at_once_leaves_no_trace()
    {
        var order = Accepted(Prepayment.Full, Fulfilment.Delivery);
        order.Advance(OrderStatus.Preparing, Start);
        order.TakeEvents();
        order.BeginCancelling(OrderStatus.Cancelled, null, Start);
        order.RefuseCancelling(Start);

        Assert.Equal(OrderStatus.Preparing, order.Status);
        Assert.Empty(order.TakeEvents());
        Assert.Equal([OrderStatus.Accepted, OrderStatus.Received, OrderStatus.Preparing], order.History.Select(entry => entry.Status));
    }

    [Fact]
    public void A_cancellation_refused_later_tells_the_customer_and_puts_the_order_where_its_parcel_is()
    {
        var order = Accepted(Prepayment.Full, Fulfilment.Delivery);
        order.Advance(OrderStatus.Preparing, Start);
        order.BeginCancelling(OrderStatus.Cancelled, null, Start);
        order.PostponeCancelling(Start);
        order.TakeEvents();
        order.Advance(OrderStatus.Shipped, Start);
        Assert.Equal(OrderStatus.Cancelling, order.Status);
        order.RefuseCancelling(Start);

        Assert.Equal(OrderStatus.Shipped, order.Status);
        var events = order.TakeEvents();
        Assert.Equal([OrderEvent.CancellationRefused, OrderEvent.Shipped], events.Select(e => e.Type));
        Assert.Equal(OrderReasons.TooLateToCancel, events[0].Event.Reason);
        Assert.Null(order.Reason);
    }

    [Fact]
    public void Somebody_else_who_cancels_meanwhile_hears_that_it_was_too_late()
    {
        var order = Accepted(Prepayment.Full, Fulfilment.Delivery);
        order.TakeEvents();
        order.BeginCancelling(OrderStatus.Cancelled, null, Start);
        Assert.True(order.AnnounceCancelling(Start));
        Assert.False(order.AnnounceCancelling(Start));
        order.RefuseCancelling(Start);

        Assert.Equal([OrderEvent.CancellationRequested, OrderEvent.CancellationRefused], order.TakeEvents().Select(e => e.Type));
        Assert.Equal([null, null, OrderReasons.TooLateToCancel], order.History.Select(entry => entry.Reason));
    }

    [Theory]
    [InlineData(Fulfilment.None, OrderStatus.Accepted, true)]
    [InlineData(Fulfilment.Confirmation, OrderStatus.Accepted, true)]
    [InlineData(Fulfilment.Confirmation, OrderStatus.Received, true)]
    [InlineData(Fulfilment.Confirmation, OrderStatus.Confirmed, false)]
    [InlineData(Fulfilment.Assignment, OrderStatus.Received, true)]
    [InlineData(Fulfilment.Assignment, OrderStatus.Assigned, false)]
    [InlineData(Fulfilment.Delivery, OrderStatus.Received, false)]
    public void What_nobody_confirmed_expires_when_its_day_is_over_everywhere(Fulfilment fulfilment, OrderStatus status, bool expires)
    {
        var day = new DateOnly(2026, 1, 3);
        var end = new DateTimeOffset(2026, 1, 4, 12, 0, 0, TimeSpan.Zero);
        var order = Accepted(Prepayment.Full, fulfilment, day);
        order.Advance(status, Start);
        order.TakeEvents();
        Assert.Equal(expires ? end : null, order.ExpiresAt);
        Assert.False(order.BeginExpiring(end.AddTicks(-1)));
        Assert.Equal(expires, order.BeginExpiring(end));
        Assert.Equal(expires, order.IsExpiring);
        if (!expires)
            return;
        order.FinishCancelling(end);
        Assert.Equal((OrderStatus.Rejected, OrderReasons.Expired, null), (order.Status, order.Reason, order.ExpiresAt));
        Assert.Equal([OrderEvent.Rejected], order.TakeEvents().Select(e => e.Type));
    }

    [Fact]
    public void What_turns_out_to_be_confirmed_is_not_expired_twice()
    {
        var order = Accepted(Prepayment.None, Fulfilment.Confirmation, new DateOnly(2025, 12, 1));
        Assert.True(order.BeginExpiring(Start));
        order.RefuseCancelling(Start);
        Assert.Equal(OrderStatus.Accepted, order.Status);
        Assert.False(order.BeginExpiring(Start));
        order.Advance(OrderStatus.Confirmed, Start);
        Assert.Equal(OrderStatus.Confirmed, order.Status);
    }

    [Fact]
    public void The_end_of_the_calendar_is_a_day_too() =>
        Assert.NotNull(Accepted(Prepayment.None, Fulfilment.Confirmation, DateOnly.MaxValue).ExpiresAt);

    [Fact]
    public void A_refusal_by_the_merchant_ends_rejected_with_the_reason()
    {
        var order = Accepted(Prepayment.Deposit, Fulfilment.Confirmation);
        order.Advance(OrderStatus.Received, Start);
        OrderingEvents.Apply(order, StoreEvent.OrderRejected, new StoreEvent(order.Id, 2, Start, "m", "c", "t", 1, Fulfilment.Confirmation, null, null, "fully booked"));
        Assert.Equal(OrderStatus.Cancelling, order.Status);
        Assert.True(order.DueAt < Start + Order.Lease);
        order.FinishCancelling(Start);

        Assert.Equal(OrderStatus.Rejected, order.Status);
        Assert.Equal("refused by merchant: fully booked", order.Reason);
    }

    [Fact]
    public void An_attempt_that_came_to_nothing_is_never_seen()
    {
        var order = Pending();
        order.Void(OrderReasons.Declined, Start, undo: false);
        Assert.False(order.IsPublic);
        Assert.Equal("key", order.IdempotencyKey);
        Assert.Empty(order.TakeEvents());
    }

    [Theory]
    [InlineData(OrderReasons.Unavailable)]
    [InlineData(OrderReasons.TooManyUnpaid)]
    [InlineData(OrderReasons.SoldOut)]
    public void An_attempt_that_failed_for_no_fault_of_the_customer_may_be_repeated_with_its_key(string reason)
    {
        var order = Pending();
        order.Void(reason, Start, undo: true);
        Assert.Null(order.IdempotencyKey);
        Assert.Equal([OrderEvent.Voided], order.TakeEvents().Select(e => e.Type));
    }

    [Fact]
    public void Waiting_for_payment_expires_or_is_accepted_but_never_both()
    {
        var order = Pending();
        order.Held(Offer(Prepayment.Full, Fulfilment.Delivery));
        order.AwaitPayment(TimeSpan.FromMinutes(15), Start);
        Assert.Equal(Start.AddMinutes(15), order.ExpiresAt);
        order.Accept(Start);
        Assert.Null(order.ExpiresAt);
        Assert.Throws<InvalidOperationException>(() => order.Decline(Start));
    }

    [Fact]
    public void An_order_that_waits_for_payment_can_be_cancelled_without_stopping_anybody()
    {
        var order = Pending();
        order.Held(Offer(Prepayment.Full, Fulfilment.Delivery));
        order.AwaitPayment(TimeSpan.FromMinutes(15), Start);
        Assert.True(order.BeginCancelling(OrderStatus.Cancelled, null, Start));
        Assert.False(order.MustBeStopped);
    }

    [Fact]
    public void An_orders_own_time_never_goes_back()
    {
        var order = Accepted(Prepayment.Full, Fulfilment.Delivery);
        order.Advance(OrderStatus.Received, Start.AddHours(-1));
        Assert.Equal(order.History.Select(entry => entry.At).Order(), order.History.Select(entry => entry.At));
    }

    [Fact]
    public void Pauses_grow_and_are_bounded()
    {
        var order = Pending();
        order.Held(Offer(Prepayment.Full, Fulfilment.Delivery));
        order.AwaitPayment(TimeSpan.FromMinutes(15), Start);
        var pauses = Enumerable.Range(0, 100).Select(_ =>
        {
            order.TryAgain(Start);
            return order.DueAt!.Value - Start;
        }).ToList();
        Assert.Equal(pauses.Order(), pauses);
        Assert.Equal(TimeSpan.FromSeconds(5), pauses[^1]);
    }

    internal static Order Pending() =>
        Order.Begin("alice", "Alice", new PlaceOrder(Guid.NewGuid(), 3, "Seoul", null, null, "card_ok"), "key", "hash", Start);

    internal static Order Accepted(Prepayment prepayment, Fulfilment fulfilment, DateOnly? date = null)
    {
        var order = Pending();
        order.Held(Offer(prepayment, fulfilment, date));
        order.Accept(Start);
        return order;
    }

    internal static HeldOffer Offer(Prepayment prepayment, Fulfilment fulfilment, DateOnly? date = null) => new(
        "merchant", "made-up", "Something", 12_000, prepayment == Prepayment.Deposit ? 2_000 : null, "KRW", prepayment, fulfilment, date, null);
}
