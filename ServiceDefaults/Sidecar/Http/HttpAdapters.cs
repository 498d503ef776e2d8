using Microsoft.Extensions.DependencyInjection;

namespace OrderMall.ServiceDefaults.Sidecar.Http;

/// <summary>The sidecar ports by Dapr's HTTP API.</summary>
internal static class HttpAdapters
{
    public static void Add(IServiceCollection services)
    {
        services.AddSingleton<IEventPublisher, HttpEventPublisher>();
        services.AddSingleton<IStateStore, HttpStateStore>();
        services.AddSingleton<IServiceClients, HttpServiceClients>();
    }
}
