using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Options;

namespace OrderMall.Gateway;

/// <summary>
/// How a gateway leaves that shares the public port with others: from the moment it is told to, it takes no more connections and ends
/// each it has with an answer. So nobody is connected to it any more when it goes, and a request on its way to nobody is not lost.
/// </summary>
internal static class Leaving
{
    /// <summary>Has the gateway leave in this way.</summary>
    public static void Add(IServiceCollection services)
    {
        services.AddSingleton<IConnectionListenerFactory, SharedPort>();
        services.AddSingleton<IStartupFilter, LastAnswers>();
    }

    // Before everything else, so that refusals and failures end their connection too.
    private sealed class LastAnswers(IHostApplicationLifetime lifetime) : IStartupFilter
    {
        public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
        {
            app.Use((context, rest) =>
            {
                context.Response.OnStarting(() =>
                {
                    if (lifetime.ApplicationStopping.IsCancellationRequested)
                        context.Response.Headers.Connection = "close";
                    return Task.CompletedTask;
                });
                return rest(context);
            });
            next(app);
        };
    }

    /// <summary>A socket that other gateways listen on too: what this one does not take, they do.</summary>
    private sealed class SharedPort(IHostApplicationLifetime lifetime, IOptions<SocketTransportOptions> options, ILoggerFactory loggers) : IConnectionListenerFactory, IConnectionListenerFactorySelector
    {
        private readonly SocketTransportFactory _sockets = new(options, loggers);

        public bool CanBind(EndPoint endpoint) => endpoint is FileHandleEndPoint;

        public async ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) =>
            new Listener(await _sockets.BindAsync(endpoint, cancellationToken), lifetime.ApplicationStopping);
    }

    private sealed class Listener(IConnectionListener inner, CancellationToken stopping) : IConnectionListener
    {
        private readonly TaskCompletionSource _unbound = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public EndPoint EndPoint => inner.EndPoint;

        public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
        {
            if (stopping.IsCancellationRequested)
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
