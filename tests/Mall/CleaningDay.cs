using System.Collections.Concurrent;
using System.Net;
using OrderMall.Mall.Tests.Opening;

namespace OrderMall.Mall.Tests;

/// <summary>
/// A day of the one company that sends workers. They are everybody's: the tests that send them somewhere are not run
/// side by side, and when one is over, nobody is busy and nobody waits.
/// </summary>
public abstract class CleaningDay(MallFixture mall) : IClassFixture<MallFixture>, IAsyncLifetime
{
    /// <summary>How many visits the day's offer has.</summary>
    protected const int Visits = 10_000;

    private const int FewestWorkers = 3;
    private const int AtOnce = 20;

    private readonly ConcurrentQueue<(Customer Customer, Guid Request)> _requests = new();

    /// <summary>The title of the offer whose visits are asked for.</summary>
    protected string Cleaning { get; } = $"Flat cleaning {Guid.NewGuid():N}";

    protected MallFixture Mall => mall;

    protected Shop Company { get; private set; } = null!;

    protected Customer Customer { get; private set; } = null!;

    protected Guid Offer { get; private set; }

    public async Task InitializeAsync()
    {
        (Company, Customer) = (await mall.CleaningCompanyAsync(), await mall.NewCustomerAsync());
        Offer = await Company.SellVisitsAsync(Cleaning, Visits);
        for (var workers = (await Company.WorkersAsync()).Count; workers < FewestWorkers; workers++)
            await Company.AddWorkerAsync($"Kim {workers}");
        await Company.EndVisitsAsync();
    }

    public async Task DisposeAsync()
    {
        foreach (var some in _requests.Chunk(AtOnce))
            await Task.WhenAll(some.Select(asked => asked.Customer.CancelAsync(asked.Request)));
        await NobodyIsBusyAsync();
        await Company.SellNoMoreAsync(Offer);
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
    /// <returns>Where the last three or more went, in the order in which they did.</returns>
    protected async Task<List<(Guid Request, Guid Worker)>> AllAreBusyAsync()
    {
        // The first of them at once: every run leaves more workers.
        var free = (await Company.WorkersAsync()).Values.Count(order => order is null);
        foreach (var some in Enumerable.Range(0, Math.Max(0, free - FewestWorkers)).Chunk(AtOnce))
            await Task.WhenAll(some.Select(async _ => await Company.SendsAsync(await RequestAsync())));

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
        async () => string.Join(", ", (await Company.WorkersAsync()).Values.OfType<Guid>().Intersect(_requests.Select(asked => asked.Request))),
        busy => busy == "",
        "have no worker with an order of the day");
}
