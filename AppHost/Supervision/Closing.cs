using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OrderMall.AppHost.Postgres;
using OrderMall.Contracts;
using OrderMall.Control;

namespace OrderMall.AppHost.Supervision;

/// <summary>
/// Closes the mall in order, before Aspire ends: first the gateway, then the services, then the sidecars, then PostgreSQL. So the program
/// returns when everything is stopped, and the next start works at once.
/// </summary>
internal sealed partial class Closing : IHostedLifecycleService
{
    private readonly MallServices _services;
    private readonly MallState _state;
    private readonly Databases _databases;
    private readonly ILogger<Closing> _logger;
    private readonly Lazy<Task> _closed;

    public Closing(MallServices services, MallState state, Databases databases, ILogger<Closing> logger)
    {
        (_services, _state, _databases, _logger) = (services, state, databases, logger);
        _closed = new Lazy<Task>(() => Task.Run(EndAllAsync));
    }

    /// <summary>How long all of it may take.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    /// <summary>Closes the mall, once; it may be open, half open, or not at all.</summary>
    public Task CloseAsync() => _closed.Value;

    public Task StoppingAsync(CancellationToken cancellationToken) => CloseAsync();

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private async Task EndAllAsync()
    {
        _state.IsClosing = true;
        _state.CannotOpen(null);
        using var limit = new CancellationTokenSource(Limit / 2);
        await _services.EndRestartsAsync().WaitAsync(limit.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        var running = _services.Programs.Where(program => program.HasProcess).ToList();
        var apps = _services.Apps.SelectMany(app => app.Instances).Select(instance => instance.Name).ToHashSet();
        await StopAsync(running.Where(program => program.Name == AppIds.Gateway), limit.Token);
        await StopAsync(running.Where(program => program.Name != AppIds.Gateway && apps.Contains(program.Name)), limit.Token);
        await StopAsync(running.Where(program => !apps.Contains(program.Name)), limit.Token);
        await _databases.DisposeAsync();
    }

    private Task StopAsync(IEnumerable<SupervisedProgram> programs, CancellationToken cancellationToken) => Task.WhenAll(programs.Select(async program =>
    {
        try
        {
            await _services.StopAsync(program).WaitAsync(cancellationToken);
        }
        catch (Exception failed) when (failed is MallException or OperationCanceledException)
        {
            LogNotStopped(program.Name, failed.Message);
        }
    }));

    [LoggerMessage(LogLevel.Warning, "{Name} could not be stopped in order and is ended with the AppHost: {Reason}")]
    private partial void LogNotStopped(string name, string reason);
}
