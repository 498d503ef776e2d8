using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Options;

namespace OrderMall.Gateway;

/// <summary>
/// How a gateway leaves that shares the public port with others: from the moment it is told to, it takes no more connections and ends
/// each it has with an answer. So nobody is connected to it any more when it goes, and a request on its way to nobody is not lost.
/// </summary>
internal sealed class Leaving : IHostedLifecycleService
{
    private volatile bool _begun;

    /// <summary>Has the gateway leave in this way.</summary>
    public static void Add(IServiceCollection services)
    {
        services.AddSingleton<Leaving>();
        services.AddHostedService(provider => provider.GetRequiredService<Leaving>());
        services.AddSingleton<IConnectionListenerFactory, SharedPort>();
    }

    /// <summary>Puts it into the pipeline.</summary>
    public static void Use(WebApplication app)
    {
        var leaving = app.Services.GetRequiredService<Leaving>();
        app.Use((context, next) =>
        {
            if (leaving._begun)
                context.Response.Headers.Connection = "close";
            return next(context);
        });
    }

    /// <inheritdoc/>
    public Task StoppingAsync(CancellationToken cancellationToken)
    {
        _begun = true;
        return Task.CompletedTask;
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

    /// <summary>A socket that other gateways listen on too: what this one does not take, they do.</summary>
    private sealed class SharedPort(Leaving leaving, IOptions<SocketTransportOptions> options, ILoggerFactory loggers) : IConnectionListenerFactory, IConnectionListenerFactorySelector
    {
        private readonly SocketTransportFactory _sockets = new(options, loggers);

        public bool CanBind(EndPoint endpoint) => endpoint is FileHandleEndPoint;

        public async ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) =>
            new Listener(await _sockets.BindAsync(endpoint, cancellationToken), leaving);
    }

    private sealed class Listener(IConnectionListener inner, Leaving leaving) : IConnectionListener
    {
        private readonly TaskCompletionSource _unbound = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public EndPoint EndPoint => inner.EndPoint;

        public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
        {
            if (leaving._begun)
                await _unbound.Task.WaitAsync(cancellationToken);
            return await inner.AcceptAsync(cancellationToken);
        }

        public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
        {
            _unbound.TrySetResult();
            return inner.UnbindAsync(cancellationToken);
        }

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}
