using System.Collections.Concurrent;
using System.Net;
using OrderMall.Mall.Tests.Opening;
using OrderMall.Mall.Tests.People;

namespace OrderMall.Mall.Tests;

/// <summary>
/// A day of the demo's one cleaning company. Its workers are everybody's: the tests that send them somewhere are not run
/// side by side, and when one is over, nobody is busy and nobody waits.
/// </summary>
public abstract class CleaningDay(MallFixture mall) : IClassFixture<MallFixture>, IAsyncLifetime
{
    private const int FewestWorkers = 3;

    private readonly ConcurrentQueue<(Customer Customer, Guid Request)> _requests = new();

    /// <summary>The title of the offer whose visits are asked for.</summary>
    protected string Cleaning { get; } = $"Flat cleaning {Guid.NewGuid():N}";

    protected MallFixture Mall => mall;

    protected Shop Company { get; private set; } = null!;

    protected Customer Customer { get; private set; } = null!;

    protected Guid Offer { get; private set; }

    public async Task InitializeAsync()
    {
        (Company, Customer) = (await mall.ShopAsync("sparkle"), await mall.NewCustomerAsync());
        Offer = await Company.SellVisitsAsync(Cleaning, visits: 500);
        for (var workers = (await Company.WorkersAsync()).Count; workers < FewestWorkers; workers++)
            await Company.AddWorkerAsync($"Kim {workers}");
        await NobodyIsBusyAsync();
    }

    public async Task DisposeAsync()
    {
        foreach (var (customer, request) in _requests)
            await customer.CancelAsync(request);
        await NobodyIsBusyAsync();
    }

    /// <summary>Asks for a visit.</summary>
    /// <param name="customer">Who asks; the day's customer if left out.</param>
    /// <param name="offer">The offer; the day's if left out.</param>
    protected async Task<Guid> RequestAsync(Customer? customer = null, Guid? offer = null)
    {
        var request = await (customer ?? Customer).PlaceAsync(offer ?? Offer);
        _requests.Enqueue((customer ?? Customer, request));
        return request;
    }

    /// <summary>Asks for a visit when nobody is free.</summary>
    protected async Task<Guid> WaitingRequestAsync()
    {
        var request = await RequestAsync();
        await Customer.SeesAsync(request, "Received");
        await Eventually.Satisfies(
            () => Company.GetAsync($"/api/assignments/{request}"), answer => answer.Status == HttpStatusCode.OK && answer["status"] == "Waiting", "wait for a worker");
        return request;
    }

    /// <summary>Sends every worker somewhere.</summary>
    /// <returns>Where, in the order in which they went.</returns>
    protected async Task<List<(Guid Request, Guid Worker)>> AllAreBusyAsync()
    {
        var visits = new List<(Guid, Guid)>();
        while ((await Company.WorkersAsync()).ContainsValue(null))
        {
            var request = await RequestAsync();
            visits.Add((request, await Company.SendsAsync(request)));
        }

        return visits;
    }

    /// <summary>Says that a visit took place.</summary>
    protected async Task CompleteAsync(Guid request) => Assert.Equal("Completed", (await Company.CompleteVisitAsync(request)).Is(HttpStatusCode.OK)["status"]);

    private Task NobodyIsBusyAsync() => Eventually.Satisfies(
        async () => string.Join(", ", (await Company.WorkersAsync()).Values.OfType<Guid>()),
        busy => busy == "",
        "have no worker with an order");
}
