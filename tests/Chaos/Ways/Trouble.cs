namespace OrderMall.Chaos.Ways;

/// <summary>What may be wrong with a way.</summary>
internal enum TroubleKind
{
    /// <summary>Everything takes longer.</summary>
    Slow,

    /// <summary>Connections break, at first all and then now and then.</summary>
    Dropping,

    /// <summary>Nobody listens.</summary>
    Refusing,

    /// <summary>Requests arrive and are carried out, and every other answer is lost.</summary>
    LosingAnswers,

    /// <summary>Events arrive again: at the same time, and once more some seconds later.</summary>
    Duplicating,

    /// <summary>Some events are overtaken by those behind them.</summary>
    Reordering,
}

/// <summary>Something that is wrong with a way for a while.</summary>
/// <param name="delay">How slow it is.</param>
/// <param name="seed">Decides whom it hits.</param>
internal sealed class Trouble(TroubleKind kind, TimeSpan delay, int seed)
{
    private const double DroppedShare = 0.2;
    private const double LostShare = 0.5;
    private const double OvertakenShare = 0.3;
    private const int ShortestHold = 100;
    private const int LongestHold = 3_000;
    private const int FirstEcho = 1_000;
    private const int LastEcho = 4_000;

    private readonly Lock _lock = new();
    private readonly Random _random = new(seed);

    public TroubleKind Kind => kind;

    public TimeSpan Delay => delay;

    /// <summary>Whether it is the next one's turn.</summary>
    public bool Hits()
    {
        lock (_lock)
        {
            return kind switch
            {
                TroubleKind.Dropping => _random.NextDouble() < DroppedShare,
                TroubleKind.LosingAnswers => _random.NextDouble() < LostShare,
                TroubleKind.Reordering => _random.NextDouble() < OvertakenShare,
                _ => true,
            };
        }
    }

    /// <summary>How long an event is held back.</summary>
    public TimeSpan Hold() => Between(ShortestHold, LongestHold);

    /// <summary>After how long an event comes again.</summary>
    public TimeSpan Echo() => Between(FirstEcho, LastEcho);

    private TimeSpan Between(int from, int to)
    {
        lock (_lock)
            return TimeSpan.FromMilliseconds(_random.Next(from, to));
    }
}
