namespace OrderMall.Gateway.Limits;

/// <summary>
/// How many requests of one kind are passed on at once. Some more wait for their turn; who would have to wait too long is refused
/// at once, and those admitted are served as fast as ever.
/// </summary>
/// <remarks>
/// The limit is the configured one as long as answers come. A failure that comes late says that the services behind the gateway are
/// overloaded: then fewer are admitted, and with each success some more again.
/// The framework's <c>ConcurrencyLimiter</c> bounds how many wait, and not how long anybody waits; nor does its limit adapt.
/// </remarks>
internal sealed class Budget(BudgetSize initial, TimeProvider time)
{
    private const double Shrink = 0.8;
    private const double Grow = 0.1;
    private const int SmallestShare = 8;
    private const double Smoothing = 0.05;
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(2);
    // Of the services' time limits for one another, the shortest is two seconds.
    private static readonly TimeSpan Late = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly Queue<TaskCompletionSource> _waiting = [];
    private BudgetSize _size = initial;
    private double _limit = initial.AtOnce;
    private double _meanSeconds;
    private long _shrunk = time.GetTimestamp();
    private int _inFlight;

    /// <summary>How many are passed on at once at the moment.</summary>
    public int Limit
    {
        get
        {
            lock (_lock)
                return (int)_limit;
        }
    }

    /// <summary>How long somebody would wait who came now.</summary>
    public TimeSpan ExpectedWait
    {
        get
        {
            lock (_lock)
                return Expected();
        }
    }

    /// <summary>Waits for a turn; <see langword="false"/> when too many wait already, or it takes too long.</summary>
    public async ValueTask<bool> EnterAsync(CancellationToken cancellationToken)
    {
        TaskCompletionSource turn;
        lock (_lock)
        {
            if (_waiting.Count == 0 && _inFlight < (int)_limit)
            {
                _inFlight++;
                return true;
            }

            if (_waiting.Count >= _size.Waiting || Expected() > LongestWait)
                return false;
            turn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Enqueue(turn);
        }

        try
        {
            await turn.Task.WaitAsync(LongestWait, time, cancellationToken);
            return true;
        }
        catch (Exception over) when (over is TimeoutException or OperationCanceledException)
        {
            // The turn may have come in this very moment.
            return !turn.TrySetCanceled(CancellationToken.None);
        }
    }

    /// <summary>Makes room for the next.</summary>
    /// <param name="entered">When this one was admitted, as a timestamp of the clock.</param>
    /// <param name="failed">Whether it got no answer, or that of a service which did not get one.</param>
    public void Leave(long entered, bool failed)
    {
        var took = time.GetElapsedTime(entered);
        lock (_lock)
        {
            _inFlight--;
            _meanSeconds += (took.TotalSeconds - _meanSeconds) * Smoothing;
            if (!failed)
            {
                _limit = Math.Min(_size.AtOnce, _limit + Grow);
            }
            else if (took > Late && entered > _shrunk)
            {
                // Once for all that were in flight: they fail together.
                _limit = Math.Max(Math.Max(1, _size.AtOnce / SmallestShare), _limit * Shrink);
                _shrunk = time.GetTimestamp();
            }

            Admit();
        }
    }

    /// <summary>Counts by another size from now on; what is in flight goes on.</summary>
    public void Resize(BudgetSize size)
    {
        lock (_lock)
        {
            if (size == _size)
                return;
            (_size, _limit) = (size, size.AtOnce);
            Admit();
        }
    }

    private void Admit()
    {
        while (_inFlight < (int)_limit && _waiting.TryDequeue(out var turn))
        {
            if (turn.TrySetResult())
                _inFlight++;
        }
    }

    private TimeSpan Expected() => TimeSpan.FromSeconds(_waiting.Count * _meanSeconds / _limit);
}

/// <summary>The size of a budget: how many requests are passed on at once, and how many more may wait.</summary>
internal sealed record BudgetSize(int AtOnce, int Waiting);

/// <summary>The place that a request has in a budget: a feature of the request.</summary>
/// <param name="entered">When it was admitted, as a timestamp of the clock.</param>
internal sealed class BudgetPlace(Budget budget, long entered)
{
    private bool _hasLeft;

    /// <summary>Makes room for the next; once.</summary>
    /// <param name="failed">Whether it got no answer, or that of a service which did not get one.</param>
    public void Leave(bool failed)
    {
        if (!_hasLeft)
            budget.Leave(entered, failed);
        _hasLeft = true;
    }
}
