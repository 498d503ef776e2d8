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

/// <summary>An order in its merchant's book.</summary>
internal sealed class StoreOrder
{
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
    public Decision Confirm()
    {
        if (Fulfilment != Fulfilment.Confirmation)
            return Decision.Refused("Orders of this offer need no confirmation.");
        if (Status == StoreStatus.Confirmed)
            return Decision.AlreadyMade;
        if (Status != StoreStatus.Received)
            return Decision.Refused($"The order is {Status}: only a Received one can be confirmed.");
        Become(StoreStatus.Confirmed);
        return Decision.Made;
    }

    /// <summary>The merchant refuses the order; ordering ends it or says that it is too late.</summary>
    public Decision Reject(string reason)
    {
        if (Status == StoreStatus.Rejected)
            return Decision.AlreadyMade;
        if (Status != StoreStatus.Received)
            return Decision.Refused($"The order is {Status}: only a Received one can be rejected.");
        Withdraw(StoreStatus.Rejected);
        Reason = reason;
        return Decision.Made;
    }

    /// <summary>The merchant says that it took place.</summary>
    public Decision Complete()
    {
        if (Fulfilment == Fulfilment.Delivery)
            return Decision.Refused("The parcel's arrival completes this order.");
        if (Fulfilment == Fulfilment.Assignment)
            return Decision.Refused("The end of the worker's assignment completes this order.");
        if (Status == StoreStatus.Completed)
            return Decision.AlreadyMade;
        if (Status != StoreStatus.Confirmed && !(Status == StoreStatus.Received && Fulfilment == Fulfilment.None))
            return Decision.Refused($"The order is {Status}: only a Confirmed one can be completed.");
        Become(StoreStatus.Completed);
        IsFinal = true;
        return Decision.Made;
    }

    /// <summary>Does not fulfil the order.</summary>
    /// <param name="unlessConfirmed">Whether one that the merchant stands by, or that needs no confirmation, goes on.</param>
    /// <returns><see langword="false"/> when it already took place, or goes on.</returns>
    public bool Stop(bool unlessConfirmed)
    {
        if (Status == StoreStatus.Completed)
            return false;
        if (unlessConfirmed && (Status == StoreStatus.Confirmed || (Status == StoreStatus.Received && Fulfilment == Fulfilment.None)))
            return false;
        if (Status is StoreStatus.Received or StoreStatus.Confirmed)
            Withdraw(StoreStatus.Cancelled);
        return true;
    }

    /// <summary>Ordering cancelled or rejected the order.</summary>
    public void End(StoreStatus status)
    {
        if (IsFinal)
            return;
        Become(status);
        IsFinal = true;
    }

    /// <summary>Ordering confirmed the order, at once or because the merchant had.</summary>
    public void WasConfirmed()
    {
        if (Status == StoreStatus.Received)
        {
            Become(StoreStatus.Confirmed);
        }
        else if (StatusBefore == StoreStatus.Received)
        {
            StatusBefore = StoreStatus.Confirmed;
            Version++;
        }
    }

    /// <summary>The parcel has left: the order can no longer be withdrawn, and a withdrawal that is under way fails.</summary>
    public void HasLeft()
    {
        if (!IsFinal && ReceivedAt is not null && Status != StoreStatus.Confirmed)
            Become(StoreStatus.Confirmed);
    }

    /// <summary>Ordering could not carry out the stop or the rejection: the order goes on.</summary>
    /// <param name="now">The time (UTC).</param>
    /// <returns>Whether it came into the book with this.</returns>
    public bool GoOn(OrderEvent order, DateTimeOffset now)
    {
        if (IsFinal || Status is not (StoreStatus.Cancelled or StoreStatus.Rejected))
            return false;
        if (StatusBefore is { } before)
        {
            Become(before);
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
        (Destination, Date) = (order.Destination, order.Date);
    }

    private void Withdraw(StoreStatus status)
    {
        var before = Status;
        Become(status);
        StatusBefore = before;
    }

    private void Become(StoreStatus status)
    {
        Status = status;
        StatusBefore = null;
        Version++;
    }
}
