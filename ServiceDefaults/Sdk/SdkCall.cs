using Dapr;

namespace OrderMall.ServiceDefaults.Sidecar.Sdk;

/// <summary>A call of the Dapr SDK with what it lacks: a time limit, and an error that callers of the ports know.</summary>
internal static class SdkCall
{
    /// <exception cref="SidecarException">There was no answer in time, or it was a failure.</exception>
    public static async Task<T> ReachAsync<T>(string what, Func<CancellationToken, Task<T>> call, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(SidecarEndpoint.CallTimeLimit);
        try
        {
            return await call(limit.Token);
        }
        catch (Exception) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellationToken);
        }
        catch (Exception e) when (e is DaprException or OperationCanceledException)
        {
            throw new SidecarException($"{what}: {(e.InnerException ?? e).Message}", e);
        }
    }
}
