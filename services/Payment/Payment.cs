namespace OrderMall.Payment;

/// <summary>
/// An order's payment and its rules. The provider, which knows an order by its id, is asked before anything is saved: where a crash comes
/// in between, ordering asks again or withdraws, and either brings out what the provider did. What it answered decides, however often and
/// in whatever order it is asked.
/// </summary>
internal sealed class Payment
{
    // Beyond the time limit of a call to the provider.
    internal static readonly TimeSpan Lease = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    private Payment()
    {
    }

    public Guid OrderId { get; private init; }

    public string CustomerId { get; private init; } = "";

    /// <summary>In <see cref="Currency"/>; where the order was withdrawn before its charge was known here, what the provider gave back.</summary>
    public decimal Amount { get; private set; }

    public string Currency { get; private init; } = "";

    public string PaymentMethod { get; private init; } = "";

    public PaymentStatus Status { get; private set; }

    /// <summary>Whether the money is to be given back, and never taken again.</summary>
    public bool Withdrawn { get; private set; }

    public long Version { get; private set; }

    public DateTimeOffset CreatedAt { get; private init; }

    public DateTimeOffset UpdatedAt { get; private set; }

    /// <summary>Lease and schedule: when the settling with the provider is taken up again; <see langword="null"/> when it is done.</summary>
    public DateTimeOffset? DueAt { get; private set; }

    public int Attempts { get; private set; }

    /// <summary>Whether the provider has said all there is to say.</summary>
    public bool IsSettled => Withdrawn ? Status is PaymentStatus.Refunded or PaymentStatus.Declined : Status != PaymentStatus.Pending;

    /// <summary>What an order that asks for its charge is told.</summary>
    public ChargeOutcome ChargeOutcome => this switch
    {
        { Withdrawn: true } or { Status: PaymentStatus.Refunded } => ChargeOutcome.Voided,
        { Status: PaymentStatus.Approved } => ChargeOutcome.Approved,
        { Status: PaymentStatus.Declined } => ChargeOutcome.Declined,
        _ => ChargeOutcome.Unknown,
    };

    /// <summary>Begins a charge: the provider is asked next. Until it has answered this lives in memory alone.</summary>
    public static Payment Begin(ChargeRequest request, DateTimeOffset now) => new()
    {
        OrderId = request.OrderId,
        CustomerId = request.CustomerId,
        Amount = request.Amount,
        Currency = request.Currency,
        PaymentMethod = request.PaymentMethod,
        Status = PaymentStatus.Pending,
        Version = 1,
        CreatedAt = now,
        UpdatedAt = now,
        DueAt = now + Lease,
    };

    /// <summary>
    /// An order was withdrawn of whose charge nothing is known here. It may be under way all the same: the provider is told to give it back,
    /// and takes no money for it later.
    /// </summary>
    public static Payment NeverToBe(Guid orderId, DateTimeOffset now) => new()
    {
        OrderId = orderId,
        Status = PaymentStatus.Pending,
        Withdrawn = true,
        Version = 1,
        CreatedAt = now,
        UpdatedAt = now,
        DueAt = now,
    };

    /// <summary>The order was withdrawn: the money is to be given back.</summary>
    public void Withdraw(DateTimeOffset now)
    {
        if (Withdrawn)
            return;
        Withdrawn = true;
        Attempts = 0;
        DueAt = Status is PaymentStatus.Pending or PaymentStatus.Approved ? now : null;
        Version++;
    }

    /// <summary>Takes over what the provider says.</summary>
    /// <returns>The name of the event that tells it, or <see langword="null"/> when nothing changed.</returns>
    public string? Settle(ProviderAnswer answer, DateTimeOffset now)
    {
        var status = answer switch
        {
            { Outcome: ProviderOutcome.Approved } => PaymentStatus.Approved,
            { Outcome: ProviderOutcome.Declined } => PaymentStatus.Declined,
            { Outcome: ProviderOutcome.Refunded, Refunded: > 0 } => PaymentStatus.Refunded,
            // Closed before any money was taken.
            { Outcome: ProviderOutcome.Refunded } => PaymentStatus.Declined,
            _ => Status,
        };
        // An answer that was on its way while the money was given back is old.
        if (status == Status || Status is PaymentStatus.Refunded or PaymentStatus.Declined)
            return null;
        Status = status;
        UpdatedAt = now;
        Version++;
        if (IsSettled)
            (DueAt, Attempts) = (null, 0);
        if (CustomerId.Length == 0)
            Amount = answer.Refunded;
        return status switch
        {
            // Nobody was told that there was one.
            _ when CustomerId.Length == 0 => null,
            PaymentStatus.Approved => PaymentEvent.Approved,
            PaymentStatus.Declined => PaymentEvent.Declined,
            _ => PaymentEvent.Refunded,
        };
    }

    /// <summary>The provider gave no answer: it is asked again after a pause.</summary>
    public void TryAgain(DateTimeOffset now)
    {
        var pause = TimeSpan.FromTicks(Math.Min(TimeSpan.TicksPerSecond << Math.Min(Attempts, 10), LongestPause.Ticks));
        Attempts++;
        DueAt = now + pause;
        Version++;
    }

    public PaymentEvent ToEvent() => new(OrderId, Version, UpdatedAt, CustomerId, Amount, Currency, Status, Since: UpdatedAt);
}
