using System.Globalization;
using System.Net;

namespace OrderMall.AppHost.Tests.Faults;

/// <summary>
/// While many order at once: replacing services is not noticed, and what cannot be paid for is refused at once, and that alone.
/// <c>MALL_CUSTOMERS</c> says how many; with more than the usual, more is replaced and refused too.
/// </summary>
[Collection(AloneCollection.Name)]
public sealed class UnderLoadTests(UnwatchedAppHost mall) : IClassFixture<UnwatchedAppHost>
{
    private const int Doses = 100;
    private const int UsualCustomers = 20;
    private static readonly int Customers = Environment.GetEnvironmentVariable("MALL_CUSTOMERS") is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : UsualCustomers;
    private static readonly int Refusals = Customers > UsualCustomers ? 100 * Customers : 1_000;
    private static readonly TimeSpan AtOnce = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Leisure = TimeSpan.FromMilliseconds(700);
    private static readonly TimeSpan Return = TimeSpan.FromSeconds(10);

    [Fact]
    public async Task Services_of_two_instances_are_replaced_in_turn_and_nobody_is_refused()
    {
        var (shop, op) = (await mall.BookshopAsync(), await mall.OperatorAsync());
        var offer = await shop.SellBookAsync(copies: null);
        var customers = await ComeAsync(Customers);
        await using var visitors = new Visitors(customers.Select(customer => Shopping(customer, offer)), IsServed, Leisure);
        await visitors.ComeAsync(2 * Customers);
        // Those of one turn ask nothing of one another.
        string[][] turns = Customers > UsualCustomers ? [["payment"], ["ordering", "store"]] : [["ordering", "store"]];
        foreach (var turn in turns)
        {
            await Task.WhenAll(turn.Select(async appId =>
            {
                var before = mall.Mall.ProcessIds(appId);
                (await op.PostAsync($"{Operator.Services}/{appId}/restart")).Is(HttpStatusCode.OK);
                await mall.HasReplacedAsync(appId, before, TimeSpan.Zero);
            }));
        }

        await visitors.ComeAsync(2 * Customers);
        await visitors.AllWereServedAsync();
        await op.FindsAllInOrderAsync(within: Eventually.Usual);
    }

    [Fact]
    public async Task While_the_only_instance_of_a_service_is_replaced_everybody_is_answered_soon_and_served_afterwards()
    {
        var (shop, op) = (await mall.BookshopAsync(), await mall.OperatorAsync());
        var offer = await shop.SellBookAsync(copies: null);
        var customers = await ComeAsync(Customers);
        await using var visitors = new Visitors(
            customers.Select(customer => Shopping(customer, offer)),
            answer => (IsServed(answer) || answer is { Status: HttpStatusCode.ServiceUnavailable, IsUnreachable: true }) && answer.Took < Soon,
            Leisure);
        await visitors.ComeAsync(2 * Customers);
        var before = mall.Mall.ProcessIds("catalog");
        (await op.PostAsync($"{Operator.Services}/catalog/restart")).Is(HttpStatusCode.OK);
        await mall.HasReplacedAsync("catalog", before, TimeSpan.Zero);
        await Eventually.Is(HttpStatusCode.OK, async () => (await customers[0].GetAsync($"/api/offers/{offer}")).Status, Return);
        await Eventually.Is(HttpStatusCode.Created, async () => (await customers[0].OrderAsync(offer)).Status, Return);
        await visitors.AllWereServedAsync();
        await op.FindsAllInOrderAsync(within: Eventually.Usual);
    }

    [Fact]
    public async Task While_payment_is_down_what_it_is_needed_for_is_refused_at_once_and_the_rest_goes_on()
    {
        var (shop, clinic, op) = (await mall.BookshopAsync(), await mall.ShopAsync("clinic"), await mall.OperatorAsync());
        var (book, dose) = (await shop.SellBookAsync(copies: null), await clinic.SellDosesAsync($"Influenza vaccine {Guid.NewGuid():N}", 100_000));
        var customers = await ComeAsync(Customers);
        await using var doses = new Visitors(customers.Take(Customers / 4).Select(customer => Ordering(customer, dose)), answer => answer.Status == HttpStatusCode.Created, Leisure);
        await doses.ComeAsync(Doses / 2); // the first of their kind
        var before = await doses.ComeAsync(Doses);
        IReadOnlyList<TimeSpan> meanwhile, refusals;
        await using (var absence = await op.StopAsync("payment"))
        {
            await Eventually.Is(true, async () =>
            {
                await customers[^1].OrderAsync(book);
                return (await op.CircuitsAsync("payment")).Contains("open");
            });
            await using var books = new Visitors(
                customers.Skip(Customers / 4).Select(customer => Ordering(customer, book)), answer => answer.Status == HttpStatusCode.ServiceUnavailable && answer.Header("Retry-After") is not null);
            // Each instance of ordering has to be told once that the circuit is open: the first refusals are none of those at once.
            await books.ComeAsync(10 * Customers);
            var others = doses.ComeAsync(Doses);
            refusals = await books.ComeAsync(Refusals, TimeSpan.FromMinutes(1));
            meanwhile = await others;
            await books.AllWereServedAsync();
        }

        await doses.AllWereServedAsync();
        Assert.InRange(refusals[refusals.Count * 95 / 100], TimeSpan.Zero, OpenMall.Patience(AtOnce));
        Assert.InRange(Median(meanwhile), TimeSpan.Zero, 2 * Median(before));
        await Eventually.Is(HttpStatusCode.Created, async () => (await customers[0].OrderAsync(book)).Status, Return);
        await op.FindsAllInOrderAsync(within: Eventually.Usual);
    }

    private static bool IsServed(Answer answer) => answer.Status is HttpStatusCode.OK or HttpStatusCode.Created;

    private static TimeSpan Median(IReadOnlyList<TimeSpan> times) => times[times.Count / 2];

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

    private async Task<Customer[]> ComeAsync(int customers)
    {
        await mall.IsWellAsync();
        return await Task.WhenAll(Enumerable.Range(0, customers).Select(_ => mall.NewCustomerAsync()));
    }
}
