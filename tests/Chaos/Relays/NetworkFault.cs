namespace OrderMall.Chaos.Relays;

/// <summary>What may be wrong with a link.</summary>
internal enum NetworkFaultKind
{
    /// <summary>Everything takes longer.</summary>
    Slow,

    /// <summary>Connections break, at first all and then now and then.</summary>
    Dropping,

    /// <summary>Connections are refused.</summary>
    Refusing,

    /// <summary>Requests arrive and are carried out, and every other answer is lost.</summary>
    LosingAnswers,

    /// <summary>Events arrive again: at the same time, and once more some seconds later.</summary>
    Duplicating,

    /// <summary>Some events are overtaken by those behind them.</summary>
    Reordering,
}

/// <summary>A fault of a link, for a while.</summary>
/// <param name="delay">By how much a <see cref="NetworkFaultKind.Slow"/> link delays each request.</param>
/// <param name="seed">Decides which requests it hits.</param>
internal sealed class NetworkFault(NetworkFaultKind kind, TimeSpan delay, int seed)
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

    public NetworkFaultKind Kind => kind;

    public TimeSpan Delay => delay;

    /// <summary>Whether it hits the next request.</summary>
    public bool Hits()
    {
        lock (_lock)
        {
            return kind switch
            {
                NetworkFaultKind.Dropping => _random.NextDouble() < DroppedShare,
                NetworkFaultKind.LosingAnswers => _random.NextDouble() < LostShare,
                NetworkFaultKind.Reordering => _random.NextDouble() < OvertakenShare,
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
