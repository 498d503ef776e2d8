using FsCheck;
using FsCheck.Fluent;
using OrderMall.Contracts;
using OrderMall.Contracts.Events;
using OrderMall.Ordering;
using Xunit.Abstractions;

namespace OrderMall.Saga.Tests;

/// <summary>The rules of an order's life under everything that it can be told, in any order. <c>ORDER_SEED</c> sets which cases.</summary>
public sealed class OrderProperties(ITestOutputHelper output)
{
    private const int Cases = 20_000;
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    // Each as its caller does it: the saga looks at the status first, events and customers do not.
    private static readonly (string Name, Action<Order, DateTimeOffset> Do)[] Doings =
    [
        ("accept", (order, now) => When(order, order.Accept, now, OrderStatus.Pending, OrderStatus.AwaitingPayment)),
        ("await payment", (order, now) => When(order, at => order.AwaitPayment(TimeSpan.FromMinutes(15), at), now, OrderStatus.Pending)),
        ("void", (order, now) => When(order, at => order.Void(OrderReasons.Unavailable, at, undo: true), now, OrderStatus.Pending)),
        ("decline", (order, now) => When(order, order.Decline, now, OrderStatus.AwaitingPayment)),
        ("cancel", (order, now) => order.BeginCancelling(OrderStatus.Cancelled, null, now)),
        ("refuse", (order, now) => order.BeginCancelling(OrderStatus.Rejected, "no", now)),
        ("expire", (order, now) => order.BeginExpiring(now)),
        ("announce", (order, now) => order.AnnounceCancelling(now)),
        ("postpone", (order, now) => When(order, order.PostponeCancelling, now, OrderStatus.Cancelling)),
        // Nobody refuses to stop what nobody had begun.
        ("too late", (order, now) => When(order, at => { if (order.MustBeStopped) order.RefuseCancelling(at); }, now, OrderStatus.Cancelling)),
        ("finish", (order, now) => When(order, order.FinishCancelling, now, OrderStatus.Cancelling)),
        .. new[] { OrderStatus.Received, OrderStatus.Confirmed, OrderStatus.Preparing, OrderStatus.Shipped, OrderStatus.Delivered, OrderStatus.Assigned, OrderStatus.Completed }
            .Select(status => ($"{status}", (Action<Order, DateTimeOffset>)((order, now) => order.Advance(status, now)))),
    ];

    private static readonly Arbitrary<(Prepayment Prepayment, Fulfilment Fulfilment, bool Dated, (int Doing, int Seconds)[] Steps)> AnyLife = Arb.From(
        from prepayment in Gen.Elements(Enum.GetValues<Prepayment>())
        from fulfilment in Gen.Elements(Enum.GetValues<Fulfilment>())
        from dated in Gen.Elements(true, false)
        from steps in Gen.Choose(0, Doings.Length - 1).Zip(Gen.Choose(-5, 5), (doing, seconds) => (doing, seconds)).ArrayOf()
        select (prepayment, fulfilment, dated, steps));

    [Fact]
    public void An_order_goes_legal_ways_only_and_says_each_change_once_in_order()
    {
        var seed = ulong.TryParse(Environment.GetEnvironmentVariable("ORDER_SEED"), out var given) ? given : (ulong)Random.Shared.NextInt64();
        output.WriteLine($"{Cases} cases with ORDER_SEED={seed}");
        Check.One(
            Config.QuickThrowOnFailure.WithMaxTest(Cases).WithReplay(new Replay(new Rnd(seed), null)),
            Prop.ForAll(AnyLife, life => Live(life.Prepayment, life.Fulfilment, life.Dated, life.Steps)));
    }

    private static void Live(Prepayment prepayment, Fulfilment fulfilment, bool dated, (int Doing, int Seconds)[] steps)
    {
        var order = OrderTests.Pending();
        order.Held(OrderTests.Offer(prepayment, fulfilment, dated ? DateOnly.FromDateTime(Start.UtcDateTime).AddDays(-3) : null));
        var said = new List<(string Type, OrderEvent Event)>();
        foreach (var (doing, seconds) in steps)
        {
            var (status, version, at) = (order.Status, order.Version, order.UpdatedAt);
            // Clocks differ: what others report may seem to come from the past.
            Doings[doing].Do(order, Start.AddSeconds(seconds));
            var events = order.TakeEvents();
            said.AddRange(events);
            var what = $"{status}, {Doings[doing].Name}, {order.Status}";
            Assert.True(order.Version > version || (order.Status == status && events.Count == 0), $"A change without a new version: {what}");
            Assert.True(order.UpdatedAt >= at, $"Its time went back: {what}");
            Assert.True(IsInFlight(order.Status) == (order.DueAt is not null), $"Nobody takes it up again, or somebody does for nothing: {what}");
            Assert.True(order.ExpiresAt is null || order.Status is OrderStatus.AwaitingPayment or OrderStatus.Accepted or OrderStatus.Received, $"Nobody has to do anything, or it expires all the same: {what}");
            Assert.True(!IsFinal(status) || order.Status == status, $"It was over: {what}");
        }

        if (!order.IsPublic)
        {
            Assert.All(said, e => Assert.Equal(OrderEvent.Voided, e.Type));
            return;
        }

        var history = order.History.Select(entry => entry.Status).ToList();
        Assert.Empty(LegalPath.Breaches(fulfilment, history));
        Assert.Equal(order.History.Select(entry => entry.At).Order(), order.History.Select(entry => entry.At));
        // Each step of the history is one event, with versions that grow.
        Assert.Equal(history, said.Select(e => e.Event.Status));
        Assert.Equal(said.Select(e => e.Event.Version).Distinct().Order(), said.Select(e => e.Event.Version));
        Assert.Equal(said.Select((_, i) => history.Take(i + 1).Contains(OrderStatus.Received)), said.Select(e => e.Event.WasReceived));
        if (order.Status != OrderStatus.Cancelling)
            Assert.Equal(order.Status, history[^1]);
    }

    private static void When(Order order, Action<DateTimeOffset> act, DateTimeOffset now, params OrderStatus[] statuses)
    {
        if (statuses.Contains(order.Status))
            act(now);
        else if (statuses is not [OrderStatus.Cancelling])
            Assert.Throws<InvalidOperationException>(() => act(now));
    }

    private static bool IsInFlight(OrderStatus status) => status is OrderStatus.Pending or OrderStatus.AwaitingPayment or OrderStatus.Cancelling;

    private static bool IsFinal(OrderStatus status) => status is OrderStatus.Delivered or OrderStatus.Completed or OrderStatus.Cancelled or OrderStatus.Rejected;
}
