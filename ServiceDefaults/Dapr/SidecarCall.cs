using Dapr;
using Grpc.Core;

namespace OrderMall.ServiceDefaults.Dapr;

/// <summary>A call of the Dapr SDK with what it lacks: a time limit, and one type of error.</summary>
internal static class SidecarCall
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
            var reason = e.InnerException is RpcException refused ? $"{refused.StatusCode} {refused.Status.Detail}" : e.Message;
            throw new SidecarException($"{what}: {reason}", e);
        }
    }
}
