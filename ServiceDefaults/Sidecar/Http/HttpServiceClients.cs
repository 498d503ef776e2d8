namespace OrderMall.ServiceDefaults.Sidecar.Http;

/// <summary>Calls other services by Dapr's HTTP API.</summary>
internal sealed class HttpServiceClients(SidecarEndpoint sidecar) : IServiceClients
{
    public HttpClient Create(string appId) => sidecar.CreateClient($"v1.0/invoke/{appId}/method/");
}
