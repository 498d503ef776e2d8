namespace OrderMall.ServiceDefaults.Sidecar;

/// <summary>Makes the HTTP clients through which other services are called. Two adapters: Dapr's HTTP API, and the Dapr SDK.</summary>
public interface IServiceClients
{
    /// <summary>Makes the client for one other service: a path relative to its base address is an endpoint of that service.</summary>
    /// <param name="appId">The called service.</param>
    /// <returns>A client with a time limit, to be kept as long as the service is called.</returns>
    HttpClient Create(string appId);
}
