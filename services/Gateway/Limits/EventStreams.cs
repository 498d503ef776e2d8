namespace OrderMall.Gateway.Limits;

/// <summary>
/// The open event streams of this replica: so many of one person, from one address, and in all. Where there are as many, whoever has the most
/// loses the oldest to who has clearly fewer; a person's own oldest goes in any case, which may well be a connection that died unnoticed.
/// A service ends them at a limit of its own (<see cref="ServiceDefaults.Streams.Listeners"/>), for those who come past the gateway.
/// </summary>
internal sealed class EventStreams(IConfiguration configuration)
{
    private const string Section = "Gateway:Streams";

    private readonly int _perPerson = ConnectionLimits.Positive(configuration, $"{Section}:PerPerson", 10, of: "event streams");
    private readonly int _perAddress = ConnectionLimits.Positive(configuration, $"{Section}:PerAddress", 100, of: "event streams");
    private readonly int _total = ConnectionLimits.Positive(configuration, $"{Section}:Total", 1_000, of: "event streams");
    private readonly Lock _lock = new();
    // The oldest first.
    private readonly LinkedList<Open> _open = [];

    /// <summary>Takes a place for a stream; dispose it when the stream has ended.</summary>
    /// <param name="end">Called when the place goes to another, never after the place was given back. Must not wait.</param>
    /// <returns><see langword="null"/> where there is none.</returns>
    public IDisposable? TryOpen(string person, string address, Action end, out FullOf full)
    {
        var mine = new Open(this, person, address, end);
        Open? loser = null;
        lock (_lock)
        {
            var here = _open.Where(open => open.Address == address).ToList();
            full = FullOf.Nothing;
            if (_open.Where(open => open.Person == person).ToList() is var own && own.Count >= _perPerson)
                loser = own[0];
            else if (here.Count >= _perAddress && (loser = Greediest(here, open => open.Person, than: here.Count(open => open.Person == person))) is null)
                full = FullOf.Address;
            else if (loser is null && _open.Count >= _total && (loser = Greediest(_open, open => open.Address, than: here.Count)) is null)
                full = FullOf.Total;
            if (full != FullOf.Nothing)
                return null;
            if (loser is not null && _open.Remove(loser))
                loser.End();
            _open.AddLast(mine);
        }

        return mine;
    }

    /// <summary>Ends the streams of a person, who comes back with what they may do now.</summary>
    public void End(string person)
    {
        lock (_lock)
        {
            foreach (var open in _open.Where(open => open.Person == person).ToList())
            {
                _open.Remove(open);
                open.End();
            }
        }
    }

    // Of whoever has the most, and would still have no fewer than who opens the new one: others would only take it from each other in turn.
    private static Open? Greediest(IEnumerable<Open> streams, Func<Open, string> of, int than)
    {
        var most = streams.GroupBy(of).MaxBy(some => some.Count())!;
        return most.Count() >= than + 2 ? most.GroupBy(open => open.Person).MaxBy(some => some.Count())!.First() : null;
    }

    /// <summary>What there may be no more of.</summary>
    internal enum FullOf
    {
        Nothing,
        Address,
        Total,
    }

    private sealed class Open(EventStreams streams, string person, string address, Action end) : IDisposable
    {
        public string Person => person;

        public string Address => address;

        public void End() => end();

        public void Dispose()
        {
            lock (streams._lock)
                streams._open.Remove(this);
        }
    }
}
