using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace OrderMall.ServiceDefaults;

/// <summary>
/// How an instance leaves: first it only says that it is not ready any more, for <c>Drain:Seconds</c>, and goes on answering until
/// everybody has heard it; then it takes nothing new and finishes what it has.
/// </summary>
internal sealed class Draining(TimeSpan heard) : IHostedLifecycleService
{
    private const string Key = "Drain:Seconds";
    private const double Longest = 60;

    private volatile bool _leaving;

    /// <summary>Whether it is not to be sent anything any more.</summary>
    public bool IsLeaving => _leaving;

    /// <exception cref="InvalidOperationException">The setting is no such time.</exception>
    public static void Add(WebApplicationBuilder builder)
    {
        var text = builder.Configuration[Key] is { Length: > 0 } set ? set : "0";
        if (!double.TryParse(text, System.Globalization.NumberStyles.AllowDecimalPoint, System.Globalization.CultureInfo.InvariantCulture, out var seconds) || seconds > Longest)
            throw new InvalidOperationException($"{Key} is '{text}': it must be a number of seconds from 0 to {Longest}.");
        var heard = TimeSpan.FromSeconds(seconds);
        builder.Services.AddSingleton(new Draining(heard));
        builder.Services.AddHostedService(services => services.GetRequiredService<Draining>());
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = heard + ServiceHost.DrainTime);
    }

    /// <inheritdoc/>
    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        _leaving = true;
        await Task.Delay(heard, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
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
