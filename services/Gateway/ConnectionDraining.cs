namespace OrderMall.Gateway;

/// <summary>
/// From the moment the gateway is told to shut down it ends each connection with an answer: nobody is connected to it any more when it
/// goes, and no request is sent to a connection that is closed in this moment.
/// </summary>
internal sealed class ConnectionDraining(IHostApplicationLifetime lifetime) : IStartupFilter
{
    // Before everything else, so that refusals and failures end their connection too.
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
