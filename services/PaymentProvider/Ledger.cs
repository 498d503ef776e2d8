namespace OrderMall.PaymentProvider;

/// <summary>A line of the ledger.</summary>
internal sealed class Charge
{
    /// <summary>The idempotency key.</summary>
    public required Guid Key { get; init; }

    /// <summary>What was taken; 0 where nothing was.</summary>
    public required decimal Amount { get; init; }

    /// <summary>What was given back.</summary>
    public decimal Refunded { get; init; }

    public required string Currency { get; init; }

    public required ProviderOutcome Outcome { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset UpdatedAt { get; init; }

    public ProviderAnswer ToAnswer() => new(Outcome, Refunded);
}

/// <summary>The ledger. Each change is one statement, so that requests for one key may come at any time and in any order.</summary>
internal sealed class Ledger(DbContextOptions<Ledger> options) : MallDb(options)
{
    public DbSet<Charge> Charges => Set<Charge>();

    /// <summary>Takes the money, unless the key has an outcome already.</summary>
    public async Task<ProviderAnswer> ChargeAsync(ProviderCharge request, bool decline, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var outcome = decline ? nameof(ProviderOutcome.Declined) : nameof(ProviderOutcome.Approved);
        var amount = decline ? 0 : request.Amount;
        return await OneAsync(
            $"""
             INSERT INTO charge (key, amount, refunded, currency, outcome, created_at, updated_at)
             VALUES ({request.Key}, {amount}, 0, {request.Currency}, {outcome}, {now}, {now})
             ON CONFLICT (key) DO UPDATE SET updated_at = charge.updated_at
             RETURNING outcome, refunded
             """,
            cancellationToken);
    }

    /// <summary>Gives the money back and closes the key, also one that was never charged.</summary>
    public async Task<ProviderAnswer> RefundAsync(Guid key, DateTimeOffset now, CancellationToken cancellationToken) => await OneAsync(
        $"""
         INSERT INTO charge (key, amount, refunded, currency, outcome, created_at, updated_at)
         VALUES ({key}, 0, 0, '', {nameof(ProviderOutcome.Refunded)}, {now}, {now})
         ON CONFLICT (key) DO UPDATE SET
             refunded = charge.amount,
             outcome = CASE charge.outcome WHEN {nameof(ProviderOutcome.Approved)} THEN {nameof(ProviderOutcome.Refunded)} ELSE charge.outcome END,
             updated_at = {now}
         RETURNING outcome, refunded
         """,
        cancellationToken);

    /// <summary>What became of a key.</summary>
    public async Task<ProviderAnswer> LookUpAsync(Guid key, CancellationToken cancellationToken) =>
        (await Charges.AsNoTracking().FirstOrDefaultAsync(charge => charge.Key == key, cancellationToken))?.ToAnswer()
        ?? new ProviderAnswer(ProviderOutcome.Unknown, 0);

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        base.OnModelCreating(modelBuilder);
        modelBuilder.Entity<Charge>(charge =>
        {
            charge.ToTable("charge").HasKey(c => c.Key);
            charge.Property(c => c.Outcome).HasConversion<string>();
        });
    }

    private async Task<ProviderAnswer> OneAsync(FormattableString sql, CancellationToken cancellationToken) =>
        (await RowsAsync(sql, row => new ProviderAnswer(Enum.Parse<ProviderOutcome>(row.GetString(0)), row.GetDecimal(1).Plain()), cancellationToken)).Single();
}
