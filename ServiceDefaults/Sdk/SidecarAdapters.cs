using Microsoft.Extensions.DependencyInjection;
using OrderMall.ServiceDefaults.Sidecar.Http;
using OrderMall.ServiceDefaults.Sidecar.Sdk;

namespace OrderMall.ServiceDefaults.Sidecar;

/// <summary>Chooses the adapters of the sidecar ports: the Dapr SDK beside <c>daprd</c>, which has a gRPC endpoint, and Dapr's HTTP API beside a sidecar that has none.</summary>
internal static class SidecarAdapters
{
    public static void Add(IServiceCollection services, SidecarEndpoint sidecar)
    {
        if (sidecar.GrpcEndpoint is null)
        {
            HttpAdapters.Add(services);
            return;
        }

        services.AddDaprClient(dapr =>
        {
            dapr.UseHttpEndpoint(sidecar.HttpEndpoint.ToString()).UseGrpcEndpoint(sidecar.GrpcEndpoint.ToString());
            if (sidecar.ApiToken is not null)
                dapr.UseDaprApiToken(sidecar.ApiToken);
        });
        services.AddSingleton<IEventPublisher, SdkEventPublisher>();
        services.AddSingleton<IStateStore, SdkStateStore>();
        services.AddSingleton<IServiceClients, SdkServiceClients>();
    }
}
