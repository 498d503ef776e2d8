using Dapr.Client;

namespace OrderMall.ServiceDefaults.Sidecar.Sdk;

/// <summary>Calls other services by the Dapr SDK.</summary>
internal sealed class SdkServiceClients(DaprClient dapr) : IServiceClients
{
    public HttpClient Create(string appId)
    {
        // Of the instance: the static one would read its endpoint and token from the process, which services may share.
        var client = dapr.CreateInvokableHttpClient(appId);
        client.Timeout = SidecarEndpoint.CallTimeLimit;
        return client;
    }
}
