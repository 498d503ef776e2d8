using Microsoft.Extensions.DependencyInjection;
using OrderMall.ServiceDefaults.Sidecar.Http;

namespace OrderMall.ServiceDefaults.Sidecar;

/// <summary>Chooses the adapters of the sidecar ports, in a build without the Dapr SDK: Dapr's HTTP API, whichever sidecar it is.</summary>
internal static class SidecarAdapters
{
    public static void Add(IServiceCollection services, SidecarEndpoint sidecar) => HttpAdapters.Add(services);
}
