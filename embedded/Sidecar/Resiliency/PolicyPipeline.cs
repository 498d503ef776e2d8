using Polly;
using Polly.Retry;
using Polly.Timeout;

namespace OrderMall.Sidecar.Resiliency;

/// <summary>What the policies need to know about one call.</summary>
internal interface IPolicedCall
{
    /// <summary>The breaker of the called method path, if the target has one.</summary>
    CircuitBreaker? Breaker { get; }

    /// <summary>Whether the call can be made again: nothing of its answer was passed on and its body is still there.</summary>
    bool CanRepeat { get; }
}

/// <summary>
/// A target's policies as Dapr nests them: the time limit is for each try, the breaker sees each try,
/// and the retries are around both and end when the breaker opens.
/// </summary>
internal static class PolicyPipeline
{
    public static readonly ResiliencePropertyKey<IPolicedCall> Call = new("call");

    private static readonly ResiliencePropertyKey<long> Began = new("began");

    public static ResiliencePipeline<HttpResponseMessage?> Build(TimeSpan? timeout, RetryPolicy? retry, bool hasBreaker, TimeProvider time)
    {
        var pipeline = new ResiliencePipelineBuilder<HttpResponseMessage?> { TimeProvider = time };
        if (retry is { MaxRetries: not 0 })
            pipeline.AddRetry(Retry(retry, time));
        if (hasBreaker)
            pipeline.AddStrategy(static _ => new BreakerStrategy(), new BreakerOptions());
        if (timeout is { } limit)
            pipeline.AddTimeout(new TimeoutStrategyOptions { Timeout = limit });
        return pipeline.Build();
    }

    private static RetryStrategyOptions<HttpResponseMessage?> Retry(RetryPolicy retry, TimeProvider time) => new()
    {
        MaxRetryAttempts = retry.MaxRetries < 0 ? int.MaxValue : retry.MaxRetries,
        BackoffType = DelayBackoffType.Constant,
        MaxDelay = null,
        DelayGenerator = arguments => new(Pause(retry, arguments.Context, arguments.AttemptNumber, time)),
        ShouldHandle = arguments => new(ShouldRetry(retry, arguments.Context, arguments.AttemptNumber, arguments.Outcome, time)),
    };

    private static bool ShouldRetry(RetryPolicy retry, ResilienceContext context, int attempt, Outcome<HttpResponseMessage?> outcome, TimeProvider time)
    {
        if (!context.Properties.TryGetValue(Call, out var call) || !call.CanRepeat)
            return false;
        if (!context.Properties.TryGetValue(Began, out _))
            context.Properties.Set(Began, time.GetTimestamp());
        if (Pause(retry, context, attempt, time) is null)
            return false;
        return outcome.Exception is { } failure
            ? failure is not CircuitOpenException && !context.CancellationToken.IsCancellationRequested
            : outcome.Result is { } answer && retry.Covers((int)answer.StatusCode);
    }

    private static TimeSpan? Pause(RetryPolicy retry, ResilienceContext context, int attempt, TimeProvider time) =>
        retry.Pause(attempt, context.Properties.TryGetValue(Began, out var began) ? time.GetElapsedTime(began) : TimeSpan.Zero);

    private sealed class BreakerOptions : ResilienceStrategyOptions;

    /// <summary>Asks the call's own breaker. An answer that is kept back (every status outside 2xx and 3xx) is a failure, as in Dapr.</summary>
    private sealed class BreakerStrategy : ResilienceStrategy<HttpResponseMessage?>
    {
        protected override async ValueTask<Outcome<HttpResponseMessage?>> ExecuteCore<TState>(
            Func<ResilienceContext, TState, ValueTask<Outcome<HttpResponseMessage?>>> callback,
            ResilienceContext context,
            TState state)
        {
            var breaker = context.Properties.TryGetValue(Call, out var call) ? call.Breaker : null;
            if (breaker is null)
                return await callback(context, state);
            if (breaker.Enter(out var generation) is { } refusal)
                return Outcome.FromException<HttpResponseMessage?>(new CircuitOpenException(refusal));

            var outcome = await callback(context, state);
            breaker.Leave(generation, outcome.Exception is null && outcome.Result is null);
            return outcome;
        }
    }
}
