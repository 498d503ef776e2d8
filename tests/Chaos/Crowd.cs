using System.Collections.Concurrent;

namespace OrderMall.Chaos;

/// <summary>Customers: so many at a time, each for a while.</summary>
internal sealed class Crowd(Answers answers, Timeline timeline, int seed)
{
    private const int OrdersOfOne = 100;
    private const int MostOfOnePlace = 1_000;
    private const double Leisure = 12;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    private readonly ConcurrentQueue<Shopper> _shoppers = new();

    /// <summary>Everybody who was there.</summary>
    public IReadOnlyCollection<Shopper> Shoppers => _shoppers;

    /// <summary>They come, order and go until it is over, and finish what they began.</summary>
    public Task ShopAsync(int customers, Person anyone, IReadOnlyList<MixedOffer> offers, CancellationToken over, CancellationToken giveUp) =>
        Task.WhenAll(Enumerable.Range(0, customers).Select(async place =>
        {
            for (var number = seed + (place * MostOfOnePlace); !over.IsCancellationRequested; number++)
            {
                if (await ComeAsync(anyone, number, over) is not { } shopper)
                    return;
                try
                {
                    await shopper.OrderAsync(OrdersOfOne, offers, giveUp, Leisure, over);
                }
                catch (OperationCanceledException) when (giveUp.IsCancellationRequested)
                {
                    timeline.Find($"Customer {number} could not finish: the mall did not answer to the end.");
                }
            }
        }));

    /// <summary>Somebody new registers, trying until it is over.</summary>
    public async Task<Shopper?> ComeAsync(Person anyone, int number, CancellationToken over)
    {
        for (; !over.IsCancellationRequested; await Task.Delay(Pause, over).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing))
        {
            if (await Customer.TryRegisterAsync(anyone, answers) is not { } customer)
                continue;
            var shopper = new Shopper(customer, answers, number);
            _shoppers.Enqueue(shopper);
            return shopper;
        }

        return null;
    }
}
