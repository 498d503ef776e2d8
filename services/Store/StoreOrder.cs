using System.Text.Json.Serialization;

namespace OrderMall.Store;

/// <summary>Where an order stands in its merchant's book.</summary>
[JsonConverter(typeof(NamedValueConverter<StoreStatus>))]
internal enum StoreStatus
{
    /// <summary>In the book.</summary>
    Received,

    /// <summary>The merchant stands by it, or its parcel has left.</summary>
    Confirmed,

    /// <summary>It took place, or the parcel arrived. Final.</summary>
    Completed,

    /// <summary>The merchant refused it, or it was rejected elsewhere.</summary>
    Rejected,

    /// <summary>It was stopped or cancelled.</summary>
    Cancelled,
}

/// <summary>A status that an order had in its merchant's book.</summary>
/// <param name="Reason">The merchant's words when it was refused.</param>
internal sealed record StoreStatusView(
    StoreStatus Status, DateTimeOffset At, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Reason = null);

/// <summary>An order in its merchant's book.</summary>
internal sealed class StoreOrder
{
    private static readonly TimeSpan SoonestReminder = TimeSpan.FromHours(1);

    private StoreOrder()
    {
    }

    public Guid OrderId { get; private init; }

    public long Version { get; private set; } = 1;

    public StoreStatus Status { get; private set; }

    /// <summary>What a stop or rejection goes back to when ordering could not carry it out.</summary>
    public StoreStatus? StatusBefore { get; private set; }

    /// <summary>The merchant's words when it was refused.</summary>
    public string? Reason { get; private set; }

    /// <summary>Whether nothing can change it any more.</summary>
    public bool IsFinal { get; private set; }

    /// <summary>When it came into the book (UTC); <see langword="null"/> for one that ended before it came. The rest is empty then.</summary>
    public DateTimeOffset? ReceivedAt { get; private set; }

    public string MerchantId { get; private set; } = "";

    public string CustomerId { get; private set; } = "";

    public Guid OfferId { get; private set; }

    public string Title { get; private set; } = "";

    public int Quantity { get; private set; }

    public Fulfilment Fulfilment { get; private set; }

    public string? Destination { get; private set; }

    public DateOnly? Date { get; private set; }

    /// <summary>Where it takes place.</summary>
    public string? Place { get; private set; }

    public string? CustomerName { get; private set; }

    /// <summary>How to reach the customer; gone once nothing is to be done for them any more.</summary>
    public string? Phone { get; private set; }

    /// <summary>What the customer asks for.</summary>
    public string? Note { get; private set; }

    /// <summary>What it costs, in <see cref="Currency"/>; <see langword="null"/> in orders of the time before it was remembered.</summary>
    public decimal? Amount { get; private set; }

    /// <summary>What of that was paid through the mall.</summary>
    public decimal? Prepaid { get; private set; }

    public string? Currency { get; private set; }

    public List<StoreStatusView> History { get; private set; } = [];

    /// <summary>When its merchant is reminded to confirm it; <see langword="null"/> where there is nothing to be reminded of any more.</summary>
    public DateTimeOffset? RemindAt { get; private set; }

    public static StoreOrder Received(OrderEvent order, DateTimeOffset now)
    {
        var received = new StoreOrder { OrderId = order.OrderId };
        received.Enter(order, now);
        return received;
    }

    /// <summary>Remembers an order that was stopped before it came.</summary>
    public static StoreOrder StoppedBeforeItCame(Guid orderId) => new() { OrderId = orderId, Status = StoreStatus.Cancelled };

    /// <summary>Remembers an order that ended before it came.</summary>
    public static StoreOrder EndedBeforeItCame(Guid orderId, StoreStatus status) => new() { OrderId = orderId, Status = status, IsFinal = true };

    /// <summary>The merchant stands by the order.</summary>
    public Decision Confirm(DateTimeOffset now)
    {
        if (Fulfilment != Fulfilment.Confirmation)
            return Decision.Refused("Orders of this offer need no confirmation.");
        if (Status == StoreStatus.Confirmed)
            return Decision.AlreadyMade;
        if (Status != StoreStatus.Received)
            return Decision.Refused($"The order is {Status}: only a Received one can be confirmed.");
        Become(StoreStatus.Confirmed, now);
        return Decision.Made;
    }

    /// <summary>The merchant refuses the order; ordering ends it or says that it is too late.</summary>
    /// <param name="reason">The customer is told.</param>
    /// <param name="evenConfirmed">Whether one that is confirmed can be refused, too. Not one whose parcel has left.</param>
    public Decision Reject(string reason, DateTimeOffset now, bool evenConfirmed = false)
    {
        if (Status == StoreStatus.Rejected)
            return Decision.AlreadyMade;
        if (Status != StoreStatus.Received && !(evenConfirmed && Status == StoreStatus.Confirmed && Fulfilment != Fulfilment.Delivery))
            return Decision.Refused($"The order is {Status}: only a Received one can be rejected.");
        Reason = reason;
        Withdraw(StoreStatus.Rejected, now);
        return Decision.Made;
    }

    /// <summary>The merchant says that it took place.</summary>
    public Decision Complete(DateTimeOffset now)
    {
        if (Fulfilment == Fulfilment.Delivery)
            return Decision.Refused("The parcel's arrival completes this order.");
        if (Fulfilment == Fulfilment.Assignment)
            return Decision.Refused("The end of the worker's assignment completes this order.");
        if (Status == StoreStatus.Completed)
            return Decision.AlreadyMade;
        if (Status != StoreStatus.Confirmed && !(Status == StoreStatus.Received && Fulfilment == Fulfilment.None))
            return Decision.Refused($"The order is {Status}: only a Confirmed one can be completed.");
        End(StoreStatus.Completed, now);
        return Decision.Made;
    }

    /// <summary>It is time to remind its merchant.</summary>
    /// <returns>Whether it still waits for the confirmation.</returns>
    public bool Remind()
    {
        if (RemindAt is null)
            return false;
        RemindAt = null;
        Version++;
        return true;
    }

    /// <summary>Does not fulfil the order.</summary>
    /// <param name="unlessConfirmed">Whether one that the merchant stands by, or that needs no confirmation, goes on.</param>
    /// <returns><see langword="false"/> when it already took place, or goes on.</returns>
    public bool Stop(bool unlessConfirmed, DateTimeOffset now)
    {
        if (Status == StoreStatus.Completed)
            return false;
        if (unlessConfirmed && (Status == StoreStatus.Confirmed || (Status == StoreStatus.Received && Fulfilment == Fulfilment.None)))
            return false;
        if (Status is StoreStatus.Received or StoreStatus.Confirmed)
            Withdraw(StoreStatus.Cancelled, now);
        return true;
    }

    /// <summary>Ordering cancelled or rejected the order.</summary>
    public void End(StoreStatus status, DateTimeOffset now)
    {
        if (IsFinal)
            return;
        Become(status, now);
        (IsFinal, Phone) = (true, null);
    }

    /// <summary>Ordering confirmed the order, at once or because the merchant had.</summary>
    public void WasConfirmed(DateTimeOffset now)
    {
        if (Status == StoreStatus.Received)
        {
            Become(StoreStatus.Confirmed, now);
        }
        else if (StatusBefore == StoreStatus.Received)
        {
            StatusBefore = StoreStatus.Confirmed;
            Version++;
        }
    }

    /// <summary>The parcel has left: the order can no longer be withdrawn, and a withdrawal that is under way fails.</summary>
    public void HasLeft(DateTimeOffset now)
    {
        if (!IsFinal && ReceivedAt is not null && Status != StoreStatus.Confirmed)
            Become(StoreStatus.Confirmed, now);
    }

    /// <summary>Ordering could not carry out the stop or the rejection: the order goes on.</summary>
    /// <returns>Whether it came into the book with this.</returns>
    public bool GoOn(OrderEvent order, DateTimeOffset now)
    {
        if (IsFinal || Status is not (StoreStatus.Cancelled or StoreStatus.Rejected))
            return false;
        if (StatusBefore is { } before)
        {
            Become(before, now);
            return false;
        }

        Enter(order, now);
        Version++;
        return true;
    }

    private void Enter(OrderEvent order, DateTimeOffset now)
    {
        Status = StoreStatus.Received;
        ReceivedAt = now;
        (MerchantId, CustomerId, OfferId) = (order.MerchantId, order.CustomerId, order.OfferId);
        (Title, Quantity, Fulfilment) = (order.Title, order.Quantity, order.Fulfilment);
        (Destination, Date, Place, Note) = (order.Destination, order.Date, order.Place, order.Note);
        (CustomerName, Phone) = (order.CustomerName, order.Phone);
        (Amount, Prepaid, Currency) = (order.Amount, order.Prepaid, order.Currency);
        Remember(now);
    }

    private void Withdraw(StoreStatus status, DateTimeOffset now)
    {
        var before = Status;
        Become(status, now);
        StatusBefore = before;
    }

    private void Become(StoreStatus status, DateTimeOffset now)
    {
        var isAnother = Status != status;
        Status = status;
        StatusBefore = null;
        Version++;
        if (isAnother)
            Remember(now);
    }

    private void Remember(DateTimeOffset now) =>
        (History, RemindAt) = ([.. History, new StoreStatusView(Status, now, Status == StoreStatus.Rejected ? Reason : null)], ReminderFrom(now));

    // A day before its day begins, or soon where that is past: once its day is over it expires.
    private DateTimeOffset? ReminderFrom(DateTimeOffset now)
    {
        if (Status != StoreStatus.Received || Fulfilment != Fulfilment.Confirmation || Date is not { } day || day <= DateOnly.FromDateTime(DateTime.UnixEpoch))
            return null;
        var (dayBefore, soon) = (new DateTimeOffset(day.AddDays(-1), TimeOnly.MinValue, TimeSpan.Zero), now + SoonestReminder);
        var at = dayBefore > soon ? dayBefore : soon;
        return at < Clock.EndOf(day) ? at : null;
    }
}
