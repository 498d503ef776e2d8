namespace OrderMall.Sidecar.Apps;

/// <summary>One running copy of an app, as its health checks see it.</summary>
internal sealed class AppInstance(Uri baseAddress)
{
    private const int Practised = 100;
    private const int IntervalsAtRest = 3;

    private readonly SemaphoreSlim _probeNow = new(0, 1);
    private volatile bool _healthy;
    private int _working;
    private int _answers;
    private bool _usedSinceProbe;

    /// <summary>Without a slash at the end, ready to have a path put behind it.</summary>
    public string BaseAddress { get; } = baseAddress.GetLeftPart(UriPartial.Authority);

    public bool Healthy
    {
        get => _healthy;
        set
        {
            if (value && !_healthy)
                Volatile.Write(ref _answers, 0);
            _healthy = value;
        }
    }

    /// <summary>How many calls and events it was given and has not begun to answer.</summary>
    public int Working => Volatile.Read(ref _working);

    /// <summary>
    /// Whether it can be given one more. One that just came is slow at first: it gets one at a time, and with each answer one more,
    /// so that it does not keep many waiting beyond their time at once, which would open their circuit.
    /// </summary>
    public bool HasRoom => Volatile.Read(ref _answers) is var answers && (answers >= Practised || Working <= answers);

    /// <summary>Sends it something, and counts it as working until it answers or fails.</summary>
    public async Task<HttpResponseMessage> SendAsync(HttpMessageInvoker client, HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _working);
        Volatile.Write(ref _usedSinceProbe, true);
        try
        {
            var answer = await client.SendAsync(request, cancellationToken);
            if (Volatile.Read(ref _answers) < Practised)
                Interlocked.Increment(ref _answers);
            return answer;
        }
        finally
        {
            Interlocked.Decrement(ref _working);
        }
    }

    /// <summary>Ends the pause before the next probe.</summary>
    public void ProbeNow()
    {
        try
        {
            _probeNow.Release();
        }
        catch (SemaphoreFullException)
        {
            // A probe is already asked for.
        }
    }

    /// <summary>
    /// Waits until the next probe is due: at the end of the interval, of the third where the instance is well and nothing is sent to it,
    /// or when <see cref="ProbeNow"/> is called.
    /// </summary>
    public async Task NextProbeAsync(TimeSpan interval, bool isWell, CancellationToken cancellationToken)
    {
        var length = (long)interval.TotalMilliseconds;
        Volatile.Write(ref _usedSinceProbe, false);
        for (var waited = 1; ; waited++)
        {
            // All instances are due at the same moments: one wake-up serves them all.
            var asked = await _probeNow.WaitAsync((int)(length - (Environment.TickCount64 % length)), cancellationToken);
            if (asked || !isWell || waited == IntervalsAtRest || Volatile.Read(ref _usedSinceProbe) || Working > 0)
                return;
        }
    }
}
