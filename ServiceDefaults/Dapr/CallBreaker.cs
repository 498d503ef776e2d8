using System.Net;
using Polly;
using Polly.CircuitBreaker;

namespace OrderMall.ServiceDefaults.Dapr;

/// <summary>
/// A circuit breaker that counts failures in a row, as those of <c>components/resiliency.yaml</c> do; Polly's own counts shares of a time.
/// After as many it refuses for a while, then lets one call try.
/// </summary>
/// <param name="refusalsAreAnswers">Whether it works for who refuses what it was asked: so it is with who is outside the mall, in which a refusal is 200 with an outcome.</param>
internal sealed class CallBreaker(TimeProvider time, int breakAfter, TimeSpan breakFor, bool refusalsAreAnswers = false) : ResilienceStrategy<HttpResponseMessage>
{
    private readonly Lock _lock = new();
    private int _failures;
    private DateTimeOffset? _openUntil;
    private bool _isTrying;

    protected override async ValueTask<Outcome<HttpResponseMessage>> ExecuteCore<TState>(
        Func<ResilienceContext, TState, ValueTask<Outcome<HttpResponseMessage>>> callback, ResilienceContext context, TState state)
    {
        if (!Enter())
            return Outcome.FromException<HttpResponseMessage>(new BrokenCircuitException(ServiceClient.OpenCircuit));
        bool? succeeded = null;
        try
        {
            var outcome = await callback(context, state);
            // Who gave up waiting says nothing of the callee.
            if (!context.CancellationToken.IsCancellationRequested)
                succeeded = outcome.Result is { } answer && (answer.IsSuccessStatusCode || (refusalsAreAnswers && IsRefusal(answer)));
            return outcome;
        }
        finally
        {
            Leave(succeeded);
        }
    }

    /// <summary>Whether the answer is a definite refusal (a 4xx that repeating cannot change), which says that the callee works.</summary>
    public static bool IsRefusal(HttpResponseMessage answer) =>
        (int)answer.StatusCode is >= 400 and < 500 && answer.StatusCode is not (HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests or HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden or HttpStatusCode.NotFound);

    private bool Enter()
    {
        lock (_lock)
        {
            if (_openUntil is null)
                return true;
            if (_isTrying || time.GetUtcNow() < _openUntil)
                return false;
            return _isTrying = true;
        }
    }

    private void Leave(bool? succeeded)
    {
        lock (_lock)
        {
            _isTrying = false;
            if (succeeded == true)
                (_failures, _openUntil) = (0, null);
            else if (succeeded == false && (_openUntil is not null || ++_failures >= breakAfter))
                (_failures, _openUntil) = (0, time.GetUtcNow() + breakFor);
        }
    }
}
