namespace OrderMall.Sidecar.Tests;

public sealed class CircuitBreakerTests
{
    private readonly ManualTime _time = new();

    [Fact]
    public void It_opens_when_the_condition_holds_and_tries_again_after_its_timeout()
    {
        var breaker = Breaker(2);
        Call(breaker, false);
        Call(breaker, true);
        Call(breaker, false);
        Assert.Equal("closed", breaker.StateName);
        Call(breaker, false);
        Assert.Equal("open", breaker.StateName);
        Assert.Equal("circuit breaker is open", breaker.Enter(out _));
        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal("open", breaker.StateName);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal("half-open", breaker.StateName);
        Call(breaker, true);
        Assert.Equal("closed", breaker.StateName);
    }

    [Fact]
    public void Half_open_it_lets_as_many_through_as_it_may_and_closes_when_all_succeed()
    {
        var breaker = Breaker(1, maxRequests: 2);
        Call(breaker, false);
        _time.Advance(TimeSpan.FromSeconds(11));
        Assert.Null(breaker.Enter(out var first));
        Assert.Null(breaker.Enter(out var second));
        Assert.Equal("too many requests", breaker.Enter(out _));
        breaker.Leave(first, true);
        Assert.Equal("half-open", breaker.StateName);
        breaker.Leave(second, true);
        Assert.Equal("closed", breaker.StateName);
    }

    [Fact]
    public void One_failure_in_a_trial_opens_it_again()
    {
        var breaker = Breaker(3);
        for (var i = 0; i < 3; i++)
            Call(breaker, false);
        _time.Advance(TimeSpan.FromSeconds(11));
        Call(breaker, false);
        Assert.Equal("open", breaker.StateName);
    }

    [Fact]
    public void An_answer_from_before_the_last_change_does_not_count()
    {
        var breaker = Breaker(1);
        Assert.Null(breaker.Enter(out var slow));
        Call(breaker, false);
        _time.Advance(TimeSpan.FromSeconds(11));
        Assert.Equal("half-open", breaker.StateName);
        breaker.Leave(slow, true);
        Assert.Equal("half-open", breaker.StateName);
    }

    [Fact]
    public void Closed_it_forgets_its_counts_after_its_interval()
    {
        var breaker = Breaker(2, interval: TimeSpan.FromSeconds(5));
        Call(breaker, false);
        _time.Advance(TimeSpan.FromSeconds(6));
        Call(breaker, false);
        Assert.Equal("closed", breaker.StateName);
        Call(breaker, false);
        Assert.Equal("open", breaker.StateName);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    public void A_wall_clock_that_is_set_neither_keeps_it_open_nor_lets_calls_through_early(int hours)
    {
        var breaker = Breaker(1);
        Call(breaker, false);
        _time.SetWallClock(TimeSpan.FromHours(hours));
        Assert.Equal("open", breaker.StateName);
        _time.Advance(TimeSpan.FromSeconds(11));
        Assert.Equal("half-open", breaker.StateName);
    }

    [Fact]
    public void The_least_recently_used_breakers_are_dropped()
    {
        var cache = new BreakerCache(Settings(1), 2, _time);
        var kept = cache.For("/kept");
        Call(kept, false);
        cache.For("/a");
        Assert.Same(kept, cache.For("/kept"));
        cache.For("/b");
        Assert.Same(kept, cache.For("/kept"));
        Assert.Equal("open", cache.WorstState());
    }

    private CircuitBreaker Breaker(int failures, int maxRequests = 1, TimeSpan interval = default) => new(Settings(failures, maxRequests, interval), _time);

    private static BreakerSettings Settings(int failures, int maxRequests = 1, TimeSpan interval = default) =>
        new(maxRequests, interval, TimeSpan.FromSeconds(10), failures);

    private static void Call(CircuitBreaker breaker, bool success)
    {
        Assert.Null(breaker.Enter(out var generation));
        breaker.Leave(generation, success);
    }
}
