namespace OrderMall.Sidecar.Resiliency;

/// <summary>A circuit breaker as a resiliency resource describes it.</summary>
/// <param name="MaxRequests">Trials let through while half-open, and successes that close it.</param>
/// <param name="Interval">After which the closed breaker forgets its counts; zero is never.</param>
/// <param name="Timeout">How long it stays open.</param>
/// <param name="Failures">So many in a row open it.</param>
internal sealed record BreakerSettings(int MaxRequests, TimeSpan Interval, TimeSpan Timeout, long Failures);

/// <summary>The call was not made, because the breaker is open or its half-open trials are taken.</summary>
internal sealed class CircuitOpenException(string message) : Exception(message);

/// <summary>
/// The breaker Dapr uses (sony/gobreaker): the counts run from the last change of state, and the answer to a call
/// that was begun before that change no longer counts.
/// </summary>
internal sealed class CircuitBreaker(BreakerSettings settings, TimeProvider time)
{
    private readonly Lock _lock = new();
    private State _state = State.Closed;
    private long _generation;
    private long _since = time.GetTimestamp();
    private TimeSpan? _limit = settings.Interval > TimeSpan.Zero ? settings.Interval : null;
    private long _requests;
    private long _consecutiveSuccesses;
    private long _consecutiveFailures;

    private enum State
    {
        Closed,
        Open,
        HalfOpen,
    }

    /// <summary><c>closed</c>, <c>open</c> or <c>half-open</c>.</summary>
    public string StateName
    {
        get
        {
            lock (_lock)
            {
                Advance();
                return _state switch { State.Closed => "closed", State.Open => "open", _ => "half-open" };
            }
        }
    }

    /// <summary>How long it stays open once it is.</summary>
    public TimeSpan Timeout => settings.Timeout;

    /// <summary>Asks to make a call.</summary>
    /// <param name="generation">To hand to <see cref="Leave"/> when the call is over.</param>
    /// <returns>Why not, or <see langword="null"/> when the call may be made.</returns>
    public string? Enter(out long generation)
    {
        lock (_lock)
        {
            Advance();
            generation = _generation;
            if (_state == State.Open)
                return "circuit breaker is open";
            if (_state == State.HalfOpen && _requests >= settings.MaxRequests)
                return "too many requests";
            _requests++;
            return null;
        }
    }

    /// <summary>Tells how a call ended that <see cref="Enter"/> let through.</summary>
    public void Leave(long generation, bool success)
    {
        lock (_lock)
        {
            Advance();
            if (generation != _generation)
                return;
            if (success)
                Succeeded();
            else
                Failed();
        }
    }

    private void Succeeded()
    {
        _consecutiveSuccesses++;
        _consecutiveFailures = 0;
        if (_state == State.HalfOpen && _consecutiveSuccesses >= settings.MaxRequests)
            Become(State.Closed);
    }

    private void Failed()
    {
        _consecutiveFailures++;
        _consecutiveSuccesses = 0;
        if (_state == State.HalfOpen || _consecutiveFailures >= settings.Failures)
            Become(State.Open);
    }

    private void Advance()
    {
        if (_limit is { } limit && time.GetElapsedTime(_since) > limit)
            Become(_state == State.Open ? State.HalfOpen : State.Closed);
    }

    private void Become(State state)
    {
        _state = state;
        _generation++;
        _requests = _consecutiveSuccesses = _consecutiveFailures = 0;
        _since = time.GetTimestamp();
        _limit = state switch
        {
            State.Closed when settings.Interval > TimeSpan.Zero => settings.Interval,
            State.Open => settings.Timeout,
            _ => null,
        };
    }
}
