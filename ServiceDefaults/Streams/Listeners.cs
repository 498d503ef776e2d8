using System.Threading.Channels;

namespace OrderMall.ServiceDefaults.Streams;

/// <summary>The open event streams of this replica.</summary>
public sealed class Listeners
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

    /// <summary>Tells whoever listens for the person whose it is. Never waits.</summary>
    public void Tell(IStreamed changed) => Put(changed.PersonId, changed);

    /// <summary>Has whoever listens for a person look at once for what has changed. Never waits.</summary>
    public void Wake(string personId) => Put(personId, null);

    private void Put(string personId, IStreamed? changed)
    {
        lock (_lock)
        {
            if (_byPerson.TryGetValue(personId, out var listeners))
                listeners.ForEach(listener => listener.Put(changed));
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
    public sealed class Listener(Listeners listeners, string personId) : IDisposable
    {
        private const int MostWaiting = 100;

        private readonly Channel<IStreamed?> _changes = Channel.CreateBounded<IStreamed?>(
            new BoundedChannelOptions(MostWaiting) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });

        /// <summary>Whose stream it is.</summary>
        public string PersonId => personId;

        /// <summary>What changes; <see langword="null"/> says to look for it.</summary>
        public ChannelReader<IStreamed?> Changes => _changes.Reader;

        internal void Put(IStreamed? changed) => _changes.Writer.TryWrite(changed);

        /// <inheritdoc/>
        public void Dispose() => listeners.Remove(this);
    }
}
