using Npgsql;
using Polly;
using Polly.Timeout;

namespace OrderMall.Sidecar.Resiliency;

/// <summary>A call to a component under its outbound policies.</summary>
internal static class ComponentCall
{
    /// <summary>Runs it as often as the policies say.</summary>
    public static async Task RunAsync(TargetPolicies policies, string component, Func<Task> call, CancellationToken cancellationToken)
    {
        var context = ResilienceContextPool.Shared.Get(cancellationToken);
        context.Properties.Set(PolicyPipeline.Call, new Policed(policies.Breakers?.For(component)));
        try
        {
            await policies.Pipeline.ExecuteAsync(
                static async (context, work) =>
                {
                    await work().WaitAsync(context.CancellationToken);
                    return (HttpResponseMessage?)null;
                },
                context,
                call);
        }
        finally
        {
            ResilienceContextPool.Shared.Return(context);
        }
    }

    /// <summary>What went wrong in Dapr's words, or <see langword="null"/> for a mistake of this program.</summary>
    public static string? Explain(Exception failure) => failure switch
    {
        TimeoutRejectedException => "context deadline exceeded",
        CircuitOpenException or PublishException => failure.Message,
        NpgsqlException or TimeoutException => $"the sidecar's database is not available: {failure.Message}",
        _ => null,
    };

    private sealed record Policed(CircuitBreaker? Breaker) : IPolicedCall
    {
        public bool CanRepeat => true;
    }
}
