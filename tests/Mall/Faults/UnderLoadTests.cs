using System.Collections.Concurrent;
using System.Net;
using OrderMall.Mall.Tests.Opening;

namespace OrderMall.Mall.Tests.Faults;

/// <summary>While many order at once: replacing services is not noticed, and what cannot be paid for is refused at once, and that alone.</summary>
[Collection(AloneCollection.Name)]
public sealed class UnderLoadTests(IsolatedMall mall) : IClassFixture<IsolatedMall>
{
    private const int Customers = 20;
    private const int Refusals = 2_000;
    private static readonly TimeSpan AtOnce = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Return = TimeSpan.FromSeconds(10);

    [FactNeeding(Need.Own | Need.Unix)]
    public async Task Services_of_two_instances_are_replaced_in_turn_and_nobody_is_refused()
    {
        var (shop, op) = (await mall.BookshopAsync(), await mall.OperatorAsync());
        var offer = await shop.SellBookAsync(copies: null);
        var customers = await ComeAsync(Customers);
        await WarmAsync(customers[0], offer);
        await using var visitors = new Visitors(customers.Select(customer => Shopping(customer, offer)), answer => answer.Status is HttpStatusCode.OK or HttpStatusCode.Created);
        await visitors.ComeAsync(2 * Customers);
        foreach (var appId in new[] { "ordering", "payment", "store" })
            (await op.PostAsync($"/api/ops/services/{appId}/restart")).Is(HttpStatusCode.OK);
        var before = mall.Mall.ProcessIds("gateway");
        (await op.PostAsync("/api/ops/services/gateway/restart")).Is(HttpStatusCode.Accepted);
        await Eventually.Is(true, () => Task.FromResult(mall.Mall.ProcessIds("gateway") is { Count: 2 } now && !now.Intersect(before).Any()), 2 * Eventually.Usual);
        await visitors.ComeAsync(2 * Customers);
        Assert.Empty(await visitors.LeaveAsync());
        await op.FindsAllInOrderAsync(within: Eventually.Usual);
    }

    [FactNeeding(Need.Own | Need.Unix)]
    public async Task While_payment_is_down_what_it_is_needed_for_is_refused_at_once_and_the_rest_goes_on()
    {
        var (shop, clinic, op) = (await mall.BookshopAsync(), await mall.ShopAsync("clinic"), await mall.OperatorAsync());
        var (book, dose) = (await shop.SellBookAsync(copies: null), await clinic.SellDosesAsync($"Influenza vaccine {Guid.NewGuid():N}", 100_000));
        var customers = await ComeAsync(Customers);
        await WarmAsync(customers[0], book);
        var refused = new ConcurrentQueue<TimeSpan>();
        await using (var absence = await op.StopAsync("payment"))
        {
            await Eventually.Is(true, async () =>
            {
                await customers[0].OrderAsync(book);
                return (await op.CircuitsAsync("payment")).Contains("open");
            });
            await using var books = new Visitors(customers.Skip(Customers / 4).Select(customer => Ordering(customer, book)), IsRefused);
            await using var doses = new Visitors(customers.Take(Customers / 4).Select(customer => Ordering(customer, dose)), answer => answer.Status == HttpStatusCode.Created);
            await books.ComeAsync(Refusals);
            await doses.ComeAsync(Customers);
            Assert.Empty(await books.LeaveAsync());
            Assert.Empty(await doses.LeaveAsync());
        }

        var times = refused.Order().ToList();
        Assert.InRange(times[times.Count * 95 / 100], TimeSpan.Zero, OpenMall.Patience(AtOnce));
        await Eventually.Is(HttpStatusCode.Created, async () => (await customers[0].OrderAsync(book)).Status, Return);
        await op.FindsAllInOrderAsync(within: Eventually.Usual);

        bool IsRefused(Answer answer)
        {
            refused.Enqueue(answer.Took);
            return answer.Status == HttpStatusCode.ServiceUnavailable && answer.Header("Retry-After") is not null;
        }
    }

    private static Func<Task<Answer>> Ordering(Customer customer, Guid offer) => () => customer.OrderAsync(offer);

    private static Func<Task<Answer>> Shopping(Customer customer, Guid offer)
    {
        var turn = 0;
        return () => (turn++ % 3) switch
        {
            0 => customer.OrderAsync(offer),
            1 => customer.GetAsync("/api/mypage/orders?limit=5"),
            _ => customer.GetAsync("/api/offers?limit=5"),
        };
    }

    // The first of a mall that was just opened may come too early.
    private static Task WarmAsync(Customer customer, Guid offer) => Eventually.Is(HttpStatusCode.Created, async () => (await customer.OrderAsync(offer)).Status);

    private async Task<Customer[]> ComeAsync(int customers) => await Task.WhenAll(Enumerable.Range(0, customers).Select(_ => mall.NewCustomerAsync()));
}
