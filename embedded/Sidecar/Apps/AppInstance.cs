namespace OrderMall.Sidecar;

/// <summary>One running copy of an app, as its health checks see it.</summary>
internal sealed class AppInstance(Uri baseAddress)
{
    private readonly SemaphoreSlim _probeNow = new(0, 1);
    private volatile bool _healthy;

    /// <summary>Without a slash at the end, ready to have a path put behind it.</summary>
    public string BaseAddress { get; } = baseAddress.GetLeftPart(UriPartial.Authority);

    public bool Healthy
    {
        get => _healthy;
        set => _healthy = value;
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

    /// <summary>Waits until the interval is over or <see cref="ProbeNow"/> is called.</summary>
    public Task NextProbeAsync(TimeSpan interval, CancellationToken ct) => _probeNow.WaitAsync(interval, ct);
}
