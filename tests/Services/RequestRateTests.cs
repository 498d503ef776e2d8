using OrderMall.ServiceDefaults.Connections;

namespace OrderMall.Services.Tests;

/// <summary>How many requests one may make in a second.</summary>
public sealed class RequestRateTests : IDisposable
{
    private readonly RequestRate _rate = new();

    public void Dispose() => _rate.Dispose();

    [Fact]
    public async Task Each_has_a_bucket_of_its_own_which_is_filled_again()
    {
        var bucket = RequestRate.Bucket(perSecond: 1, burst: 3);
        // Beyond what a busy machine takes for the first assertions.
        bucket.ReplenishmentPeriod = TimeSpan.FromSeconds(5);
        Assert.Equal([true, true, true, false], Enumerable.Range(0, 4).Select(_ => _rate.Take("alice", bucket).IsAcquired));
        using var refused = _rate.Take("alice", bucket);
        Assert.InRange(RequestRate.SecondsToWait(refused), 1, 5);
        Assert.True(_rate.Take("bob", bucket).IsAcquired);
        await Eventually.TrueAsync(() => _rate.Take("alice", bucket).IsAcquired);
    }

    [Fact]
    public async Task First_requests_at_the_same_moment_share_one_bucket()
    {
        const int People = 50_000;
        var bucket = RequestRate.Bucket(perSecond: 1, burst: 1);
        bucket.ReplenishmentPeriod = TimeSpan.FromHours(1);
        var taken = new int[People];
        using var together = new Barrier(2);
        await Task.WhenAll(Task.Run(TakeOfEach), Task.Run(TakeOfEach));
        Assert.Equal([], Enumerable.Range(0, People).Where(person => taken[person] != 1));

        void TakeOfEach()
        {
            for (var person = 0; person < People; person++)
            {
                if (person % 100 == 0)
                    together.SignalAndWait();
                if (_rate.Take($"{person}", bucket).IsAcquired)
                    Interlocked.Increment(ref taken[person]);
            }
        }
    }
}
