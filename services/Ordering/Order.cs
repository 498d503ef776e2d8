namespace OrderMall.Ordering;

/// <summary>
/// An order and the rules of its life. It knows nothing of databases or networks: it is told what
/// others answered, and says by <see cref="TakeEvents"/> what has to be published.
/// </summary>
/// <remarks>
/// <see cref="DueAt"/> is both lease and schedule. An order on its way to a resting status always has one; whoever works
/// on the order pushes it into the future first, and when it passes the saga takes the order up again. Who places an order pushes
/// it on every second: what was not is abandoned (<see cref="IsAbandoned"/>), and who asks for it again need not wait until it passes.
/// </remarks>
internal sealed class Order
{
    // Beyond the time limits of all calls that one run of the saga makes.
    internal static readonly TimeSpan Lease = TimeSpan.FromSeconds(30);
    // A customer who asks again for an order whose instance died has an answer within five seconds: this, and placing it.
    private static readonly TimeSpan LongestSilence = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    private static readonly OrderStatus[] WithoutParcel = [OrderStatus.Accepted, OrderStatus.Received, OrderStatus.Confirmed, OrderStatus.Completed];
    private static readonly OrderStatus[] ByParcel = [OrderStatus.Accepted, OrderStatus.Received, OrderStatus.Preparing, OrderStatus.Shipped, OrderStatus.Delivered];
    private static readonly OrderStatus[] ByWorker = [OrderStatus.Accepted, OrderStatus.Received, OrderStatus.Assigned, OrderStatus.Completed];

    private readonly List<(string Type, OrderEvent Event)> _events = [];

    private Order() { }

    public Guid Id { get; private init; }

    public string CustomerId { get; private init; } = "";

    /// <summary>What the customer was called when it was placed.</summary>
    public string? CustomerName { get; private init; }

    /// <summary>How to reach the customer; gone once the order is over.</summary>
    public string? Phone { get; private set; }

    public string? IdempotencyKey { get; private set; }

    public string RequestHash { get; private init; } = "";

    public Guid OfferId { get; private init; }

    public int Quantity { get; private init; }

    public string? Destination { get; private init; }

    public DateOnly? Date { get; private set; }

    public string? Note { get; private init; }

    public string? PaymentMethod { get; private init; }

    /// <summary>What its customer expects all of it to cost; <see langword="null"/> takes any amount.</summary>
    public decimal? ExpectedAmount { get; private init; }

    /// <summary>What of that its customer expects to pay first; <see langword="null"/> takes any amount.</summary>
    public decimal? ExpectedPrepaid { get; private init; }

    public string? MerchantId { get; private set; }

    public string? Kind { get; private set; }

    public string? Title { get; private set; }

    public decimal Amount { get; private set; }

    public decimal Prepaid { get; private set; }

    public string? Currency { get; private set; }

    public Fulfilment Fulfilment { get; private set; }

    public string? Place { get; private set; }

    /// <summary>The name of who comes, once somebody was assigned.</summary>
    public string? Worker { get; private set; }

    public OrderStatus Status { get; private set; }

    public string? Reason { get; private set; }

    /// <summary>Where it was when it began to be cancelled.</summary>
    public OrderStatus? CancelledFrom { get; private set; }

    /// <summary>How far its fulfilment got, as reported while it was being cancelled.</summary>
    public OrderStatus? Progress { get; private set; }

    /// <summary>What it becomes when it is cancelled: <see cref="OrderStatus.Cancelled"/> or <see cref="OrderStatus.Rejected"/>.</summary>
    public OrderStatus? Aim { get; private set; }

    /// <summary>Whether people were told that it is being cancelled.</summary>
    public bool Announced { get; private set; }

    public List<HistoryEntry> History { get; private set; } = [];

    public long Version { get; private set; }

    public DateTimeOffset CreatedAt { get; private init; }

    public DateTimeOffset UpdatedAt { get; private set; }

    /// <summary>When it is given up: while it waits for its payment, or while nobody has confirmed it for its day.</summary>
    public DateTimeOffset? ExpiresAt { get; private set; }

    public DateTimeOffset? DueAt { get; private set; }

    public int Attempts { get; private set; }

    /// <summary>Whether it is being rejected because nobody had confirmed it when its day was over.</summary>
    public bool IsExpiring => Status == OrderStatus.Cancelling && Aim == OrderStatus.Rejected && Reason == OrderReasons.Expired;

    /// <summary>Whether people have seen it. An attempt that came to nothing never is.</summary>
    public bool IsPublic => History.Count > 0;

    private bool IsLive => Path.Contains(Status);

    private OrderStatus[] Path => Fulfilment switch
    {
        Fulfilment.Delivery => ByParcel,
        Fulfilment.Assignment => ByWorker,
        _ => WithoutParcel,
    };

    /// <summary>Begins an attempt.</summary>
    public static Order Begin(string customerId, string? customerName, PlaceOrder request, string? idempotencyKey, string requestHash, DateTimeOffset now) => new()
    {
        Id = Guid.CreateVersion7(now),
        CustomerId = customerId,
        CustomerName = customerName,
        Phone = request.Phone,
        IdempotencyKey = idempotencyKey,
        RequestHash = requestHash,
        OfferId = request.OfferId!.Value,
        Quantity = request.Quantity!.Value,
        Destination = request.Destination,
        Date = request.Date,
        Note = request.Note,
        PaymentMethod = request.PaymentMethod,
        ExpectedAmount = request.ExpectedAmount,
        ExpectedPrepaid = request.ExpectedPrepaid,
        Status = OrderStatus.Pending,
        Version = 1,
        CreatedAt = now,
        UpdatedAt = now,
        DueAt = now + Lease,
    };

    /// <summary>Whether whoever is placing it has not renewed the lease for too long: it died, or cannot reach the database.</summary>
    public bool IsAbandoned(DateTimeOffset now) => Status == OrderStatus.Pending && DueAt <= now + Lease - LongestSilence;

    /// <summary>Goes on with what somebody else was placing. With the new version nothing is saved any more of what that one may still do.</summary>
    public void TakeOver(DateTimeOffset now)
    {
        Require(OrderStatus.Pending);
        DueAt = now + Lease;
        Change(Status, now);
    }

    /// <summary>Takes over the terms on which capacity is held.</summary>
    public void Held(HeldOffer offer)
    {
        MerchantId = offer.MerchantId;
        Kind = offer.Kind;
        Title = offer.Title;
        Currency = offer.Currency;
        Fulfilment = offer.Fulfilment;
        Date = offer.Date ?? Date;
        Place = offer.Place;
        Amount = offer.Amount(Quantity);
        Prepaid = offer.Prepaid(Quantity);
    }

    /// <summary>Held and paid: it is an order from now on.</summary>
    public void Accept(DateTimeOffset now)
    {
        Require(OrderStatus.Pending, OrderStatus.AwaitingPayment);
        Rest();
        MoveTo(OrderStatus.Accepted, OrderEvent.Accepted, now);
    }

    /// <summary>The payment service did not answer and the customer is willing to wait, but not beyond the day that it is for.</summary>
    public void AwaitPayment(TimeSpan patience, DateTimeOffset now)
    {
        Require(OrderStatus.Pending);
        ExpiresAt = Date is { } day && Clock.EndOf(day) < now + patience ? Clock.EndOf(day) : now + patience;
        TryAgain(now);
        MoveTo(OrderStatus.AwaitingPayment, OrderEvent.AwaitingPayment, now);
    }

    /// <summary>The attempt came to nothing.</summary>
    /// <param name="reason">One of <see cref="OrderReasons"/>.</param>
    /// <param name="undo">Whether something may have been held or charged.</param>
    public void Void(string reason, DateTimeOffset now, bool undo)
    {
        Require(OrderStatus.Pending);
        // Who was told to try again shortly may do so with the same key, and who found nothing left too; a declined payment stays the answer to it.
        if (reason is OrderReasons.Unavailable or OrderReasons.TooManyUnpaid or OrderReasons.SoldOut)
            IdempotencyKey = null;
        Reason = reason;
        Rest();
        Change(OrderStatus.Rejected, now);
        if (undo)
            Raise(OrderEvent.Voided);
    }

    /// <summary>The payment of an order that waited for it was declined.</summary>
    public void Decline(DateTimeOffset now)
    {
        Require(OrderStatus.AwaitingPayment);
        Reason = OrderReasons.Declined;
        Rest();
        MoveTo(OrderStatus.Rejected, OrderEvent.Rejected, now);
    }

    /// <summary>
    /// Payment did not come back in time. Whether the money was taken is unknown, and need not be known: payment gives back
    /// whatever it finds for a rejected order, and what was held is free at once.
    /// </summary>
    public void Expire(DateTimeOffset now)
    {
        Require(OrderStatus.AwaitingPayment);
        Reason = OrderReasons.Expired;
        Rest();
        MoveTo(OrderStatus.Rejected, OrderEvent.Rejected, now);
    }

    /// <summary>Fulfilment has got at least this far. Steps that were not reported yet are passed through; what is behind is ignored.</summary>
    /// <param name="worker">Who comes, where that is known by it.</param>
    public void Advance(OrderStatus to, DateTimeOffset now, string? worker = null)
    {
        Worker ??= worker;
        if (Status == OrderStatus.Cancelling)
        {
            // It may turn out that it cannot be stopped: then this is where it is.
            if (Rank(to) > Rank(Progress ?? CancelledFrom))
            {
                Progress = to;
                Change(Status, now);
            }

            return;
        }

        if (!IsLive)
            return;
        var target = Rank(to);
        for (var step = Rank(Status) + 1; step <= target; step++)
            MoveTo(Path[step], EventOf(Path[step]), now);
        // Nobody has to confirm what needs no fulfilment.
        if (Fulfilment == Fulfilment.None && Status == OrderStatus.Received)
            MoveTo(OrderStatus.Confirmed, OrderEvent.Confirmed, now);
    }

    /// <summary>Begins to cancel or refuse.</summary>
    /// <param name="aim"><see cref="OrderStatus.Cancelled"/> or <see cref="OrderStatus.Rejected"/>.</param>
    /// <param name="reason">Why it is rejected; <see langword="null"/> when the customer cancels.</param>
    /// <returns><see langword="false"/> when it is too late or there is nothing to cancel any more.</returns>
    public bool BeginCancelling(OrderStatus aim, string? reason, DateTimeOffset now)
    {
        // As far as ordering knows. Whether what may have left meanwhile can still be stopped, its service decides: Parcel.Stop in delivery.
        var possible = Status is OrderStatus.AwaitingPayment
            || (IsLive && Status is not (OrderStatus.Shipped or OrderStatus.Delivered or OrderStatus.Completed));
        if (!possible)
            return false;
        CancelledFrom = Status;
        Progress = null;
        Aim = aim;
        Reason = reason;
        Announced = false;
        Attempts = 0;
        DueAt = now + Lease;
        Change(OrderStatus.Cancelling, now);
        return true;
    }

    /// <summary>Its day is over and nobody has confirmed it: begins to reject it.</summary>
    /// <returns><see langword="false"/> when it is confirmed by now, or its day is not over.</returns>
    public bool BeginExpiring(DateTimeOffset now) =>
        Status is OrderStatus.Accepted or OrderStatus.Received && ExpiresAt <= now && BeginCancelling(OrderStatus.Rejected, OrderReasons.Expired, now);

    /// <summary>Nothing is to be done for it at present.</summary>
    public void Rest()
    {
        DueAt = null;
        Attempts = 0;
    }

    /// <summary>Whether somebody may already be fulfilling what is being cancelled.</summary>
    public bool MustBeStopped => CancelledFrom != OrderStatus.AwaitingPayment;

    /// <summary>It cannot be cancelled at once: people hear that it will be, and the saga takes it up again after a pause.</summary>
    public void PostponeCancelling(DateTimeOffset now)
    {
        Require(OrderStatus.Cancelling);
        TryAgain(now);
        if (!AnnounceCancelling(now))
            Change(Status, now);
    }

    /// <summary>People hear that it is being cancelled, and so will hear how that ends.</summary>
    /// <returns><see langword="false"/> when they were told before, or it is not being cancelled.</returns>
    public bool AnnounceCancelling(DateTimeOffset now)
    {
        if (Status != OrderStatus.Cancelling || Announced)
            return false;
        Announced = true;
        MoveTo(OrderStatus.Cancelling, OrderEvent.CancellationRequested, now);
        return true;
    }

    /// <summary>It was too late: the order is where it was, or where its fulfilment has got meanwhile.</summary>
    public void RefuseCancelling(DateTimeOffset now)
    {
        Require(OrderStatus.Cancelling);
        var (before, progress, announced, wasExpiring) = (CancelledFrom!.Value, Progress, Announced, IsExpiring);
        var reason = Aim == OrderStatus.Cancelled ? OrderReasons.TooLateToCancel : OrderReasons.TooLateToRefuse;
        EndCancelling();
        if (announced)
        {
            Reason = reason;
            MoveTo(before, OrderEvent.CancellationRefused, now);
        }
        else
        {
            Change(before, now);
        }

        Reason = null;
        // Somebody stands by it: that will be reported, and is not asked for again and again meanwhile.
        if (wasExpiring)
            ExpiresAt = null;
        if (progress is { } furthest)
            Advance(furthest, now);
    }

    /// <summary>Stopped and refunded.</summary>
    public void FinishCancelling(DateTimeOffset now)
    {
        Require(OrderStatus.Cancelling);
        var aim = Aim!.Value;
        EndCancelling();
        MoveTo(aim, aim == OrderStatus.Cancelled ? OrderEvent.Cancelled : OrderEvent.Rejected, now);
    }

    /// <summary>What was asked of another service is still open: the saga asks again after a pause.</summary>
    public void TryAgain(DateTimeOffset now)
    {
        var pause = TimeSpan.FromTicks(Math.Min(FirstPause.Ticks << Math.Min(Attempts, 10), LongestPause.Ticks));
        Attempts++;
        DueAt = now + pause;
    }

    /// <summary>What happened since the last call, oldest first: the name of each event and the event.</summary>
    public IReadOnlyList<(string Type, OrderEvent Event)> TakeEvents()
    {
        var events = _events.ToList();
        _events.Clear();
        return events;
    }

    /// <summary>Everything that happened to it, as it was told then, oldest first: the name of each event and the event.</summary>
    public IReadOnlyList<(string Type, OrderEvent Event)> EventsAgain() =>
        !IsPublic && Status == OrderStatus.Rejected
            ? [(OrderEvent.Voided, EventOf(new HistoryEntry(Status, UpdatedAt, Version, OrderEvent.Voided, Reason)))]
            : [.. History.Where(entry => entry.Event is not null).Select(entry => (entry.Event!, EventOf(entry)))];

    /// <summary>All that its events have said so far; <see langword="null"/> for an attempt that people have not seen.</summary>
    public History<OrderEvent, OrderStatus>? ToHistory() => IsPublic
        ? new(EventOf(History[^1]), [.. History.Select(entry => new PastStatus<OrderStatus>(entry.Status, entry.At, entry.Version, entry.Reason))])
        : null;

    private void MoveTo(OrderStatus status, string eventType, DateTimeOffset now)
    {
        Change(status, now);
        History = [.. History, new HistoryEntry(status, UpdatedAt, Version, eventType, Reason)];
        Raise(eventType);
    }

    private void Change(OrderStatus status, DateTimeOffset now)
    {
        Status = status;
        Version++;
        if (status is OrderStatus.Delivered or OrderStatus.Completed or OrderStatus.Cancelled or OrderStatus.Rejected)
            Phone = null;
        if (status != OrderStatus.AwaitingPayment)
            ExpiresAt = status is OrderStatus.Accepted or OrderStatus.Received && Fulfilment != Fulfilment.Delivery && Date is { } day ? Clock.EndOf(day) : null;
        // Other services' clocks may be behind ours: an order's own time never goes back.
        UpdatedAt = now > UpdatedAt ? now : UpdatedAt;
    }

    private void Raise(string eventType) => _events.Add((eventType, EventOf(new HistoryEntry(Status, UpdatedAt, Version, eventType, Reason))));

    private OrderEvent EventOf(HistoryEntry then) => new(
        Id, then.Version, then.At, then.Status, then.Reason, CustomerId, MerchantId ?? "", OfferId, Kind ?? "", Title ?? "", Quantity,
        Amount, Prepaid, Currency ?? "", Fulfilment, Destination, Date, Place, Note, Worker,
        WasReceived: History.Exists(entry => entry.Status == OrderStatus.Received && entry.Version <= then.Version),
        CustomerName: BeginsWork(then) ? CustomerName : null,
        Phone: BeginsWork(then) ? Phone : null);

    // Nobody but whoever does the work is told who the customer is and how to reach them.
    private static bool BeginsWork(HistoryEntry entry) => entry.Event is OrderEvent.Accepted or OrderEvent.CancellationRefused;

    private void EndCancelling()
    {
        (CancelledFrom, Progress, Aim, Announced) = (null, null, null, false);
        Rest();
    }

    private int Rank(OrderStatus? status) => status is { } known ? Array.IndexOf(Path, known) : -1;

    private void Require(params ReadOnlySpan<OrderStatus> allowed)
    {
        if (!allowed.Contains(Status))
            throw new InvalidOperationException($"Order {Id} is {Status}.");
    }

    private static string EventOf(OrderStatus status) => status switch
    {
        OrderStatus.Received => OrderEvent.Received,
        OrderStatus.Confirmed => OrderEvent.Confirmed,
        OrderStatus.Preparing => OrderEvent.PreparationStarted,
        OrderStatus.Shipped => OrderEvent.Shipped,
        OrderStatus.Delivered => OrderEvent.Delivered,
        OrderStatus.Assigned => OrderEvent.Assigned,
        OrderStatus.Completed => OrderEvent.Completed,
        _ => throw new InvalidOperationException($"{status} is no step of fulfilment."),
    };
}
