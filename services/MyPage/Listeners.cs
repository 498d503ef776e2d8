using System.Threading.Channels;

namespace OrderMall.MyPage;

/// <summary>The open event streams of this replica.</summary>
internal sealed class Listeners
{
    private const int MostPerPerson = 20;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, List<Listener>> _byPerson = [];

    /// <summary>Begins to listen; dispose it to end.</summary>
    /// <returns><see langword="null"/> when the person has too many streams open.</returns>
    public Listener? Listen(string personId)
    {
        lock (_lock)
        {
            if (!_byPerson.TryGetValue(personId, out var listeners))
                _byPerson[personId] = listeners = [];
            if (listeners.Count == MostPerPerson)
                return null;
            var listener = new Listener(this, personId);
            listeners.Add(listener);
            return listener;
        }
    }

    /// <summary>Tells whoever listens for the page's person. Never waits.</summary>
    public void Tell(IPage page)
    {
        lock (_lock)
        {
            if (_byPerson.TryGetValue(page.PersonId, out var listeners))
                listeners.ForEach(listener => listener.Put(page));
        }
    }

    private void Remove(Listener listener)
    {
        lock (_lock)
        {
            if (_byPerson.TryGetValue(listener.PersonId, out var listeners) && listeners.Remove(listener) && listeners.Count == 0)
                _byPerson.Remove(listener.PersonId);
        }
    }

    /// <summary>One open stream. A client that reads too slowly misses the oldest changes and gets the newest.</summary>
    internal sealed class Listener(Listeners listeners, string personId) : IDisposable
    {
        private const int MostWaiting = 100;

        private readonly Channel<IPage> _changes = Channel.CreateBounded<IPage>(
            new BoundedChannelOptions(MostWaiting) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });

        public string PersonId => personId;

        public ChannelReader<IPage> Changes => _changes.Reader;

        public void Put(IPage page) => _changes.Writer.TryWrite(page);

        public void Dispose() => listeners.Remove(this);
    }
}
