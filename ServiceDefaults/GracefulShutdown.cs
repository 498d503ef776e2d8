namespace OrderMall.ServiceDefaults;

/// <summary>
/// Graceful shutdown of an instance: first it only says that it is not ready any more, and goes on answering until its sidecar has been told
/// often enough to send nothing new, or for <c>Drain:Seconds</c> at most; then it listens no more and finishes what is in flight.
/// </summary>
internal sealed class GracefulShutdown(TimeSpan limit) : IHostedLifecycleService
{
    private const string Key = "Drain:Seconds";
    private const double Longest = 60;

    // Sidecars believe it after the second time (the embedded one) or the third (daprd as the mall runs it).
    private const int TimesTold = 3;

    // A platform asks as well, in between: the sidecar alone, once a second from the first time on, needs as long as this for so many.
    private static readonly TimeSpan Shortest = TimeSpan.FromSeconds(TimesTold);

    // For what the sidecar had sent before it was told.
    private static readonly TimeSpan InFlight = TimeSpan.FromMilliseconds(200);

    private readonly TaskCompletionSource _believed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _isShuttingDown;
    private int _told;

    /// <summary>Asked by a probe: whether nothing new is to be sent here.</summary>
    public bool IsShuttingDown()
    {
        if (_isShuttingDown && Interlocked.Increment(ref _told) == TimesTold)
            _believed.TrySetResult();
        return _isShuttingDown;
    }

    /// <exception cref="InvalidOperationException">The setting is no such time.</exception>
    public static void Add(WebApplicationBuilder builder)
    {
        var text = builder.Configuration[Key] is { Length: > 0 } set ? set : "0";
        if (!double.TryParse(text, System.Globalization.NumberStyles.AllowDecimalPoint, System.Globalization.CultureInfo.InvariantCulture, out var seconds) || seconds > Longest)
            throw new InvalidOperationException($"{Key} is '{text}': it must be a number of seconds from 0 to {Longest}.");
        var limit = TimeSpan.FromSeconds(seconds);
        builder.Services.AddSingleton(new GracefulShutdown(limit));
        builder.Services.AddHostedService(services => services.GetRequiredService<GracefulShutdown>());
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = limit + ServiceHost.DrainTime);
    }

    /// <inheritdoc/>
    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        _isShuttingDown = true;
        var shortest = Task.Delay(Shortest, cancellationToken);
        await Task.WhenAny(Task.WhenAll(_believed.Task, shortest), Task.Delay(limit, cancellationToken));
        if (_believed.Task.IsCompleted)
            await Task.Delay(InFlight, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <inheritdoc/>
    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
