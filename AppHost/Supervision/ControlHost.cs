using Microsoft.Extensions.Hosting;
using OrderMall.AppHost.Dapr;
using OrderMall.Contracts;
using OrderMall.Control;

namespace OrderMall.AppHost.Supervision;

/// <summary>Serves <c>/api/ops/services</c> behind the gateway, while the mall is open.</summary>
internal sealed class ControlHost(MallServices services, Sidecars sidecars) : IHostedService, IAsyncDisposable
{
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false }) { Timeout = TimeSpan.FromSeconds(5) };
    private ControlApp? _app;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var own = services.Control;
        var provider = services.Apps.FirstOrDefault(app => app.AppId == AppIds.PaymentProvider);
        _app = new ControlApp(own.Instances[0].Address, own.ApiToken, own.AppToken, services, provider is null ? null : (provider.Instances[0].Address, provider.AppToken));
        await _app.StartAsync(cancellationToken);
        // As any other app would find out whether it can reach one.
        services.Reaches = (appId, token) => _app.ReachesAsync(appId, sidecars.HttpPortOf(AppIds.MallControl), _http, token);
    }

    public Task StopAsync(CancellationToken cancellationToken) => _app?.DisposeAsync().AsTask() ?? Task.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        if (_app is not null)
            await _app.DisposeAsync();
        _http.Dispose();
    }
}
