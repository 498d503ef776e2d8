using System.Threading.Channels;

namespace OrderMall.MyPage;

/// <summary>The open event streams of this replica.</summary>
internal sealed class Listeners
{
    private const int MostPerPerson = 20;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, List<Listener>> _byCustomer = [];

    /// <summary>Begins to listen; dispose it to end.</summary>
    /// <returns><see langword="null"/> when the person has too many streams open.</returns>
    public Listener? Listen(string customerId)
    {
        lock (_lock)
        {
            if (!_byCustomer.TryGetValue(customerId, out var listeners))
                _byCustomer[customerId] = listeners = [];
            if (listeners.Count == MostPerPerson)
                return null;
            var listener = new Listener(this, customerId);
            listeners.Add(listener);
            return listener;
        }
    }

    /// <summary>Tells whoever listens for the page's customer. Never waits.</summary>
    public void Tell(OrderPage page)
    {
        lock (_lock)
        {
            if (_byCustomer.TryGetValue(page.CustomerId, out var listeners))
                listeners.ForEach(listener => listener.Put(page));
        }
    }

    private void Remove(Listener listener)
    {
        lock (_lock)
        {
            if (_byCustomer.TryGetValue(listener.CustomerId, out var listeners) && listeners.Remove(listener) && listeners.Count == 0)
                _byCustomer.Remove(listener.CustomerId);
        }
    }

    /// <summary>One open stream. A client that reads too slowly misses the oldest changes and gets the newest.</summary>
    internal sealed class Listener(Listeners listeners, string customerId) : IDisposable
    {
        private const int MostWaiting = 100;

        private readonly Channel<OrderPage> _changes = Channel.CreateBounded<OrderPage>(
            new BoundedChannelOptions(MostWaiting) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });

        public string CustomerId => customerId;

        public ChannelReader<OrderPage> Changes => _changes.Reader;

        public void Put(OrderPage page) => _changes.Writer.TryWrite(page);

        public void Dispose() => listeners.Remove(this);
    }
}
