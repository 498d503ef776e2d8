using System.Net;

namespace OrderMall.People;

/// <summary>Those who do the work in the mix: merchants, their workers, the courier, the publisher and the reviewer.</summary>
/// <param name="answers">Takes note of what they are answered.</param>
/// <param name="seed">Decides what they do.</param>
/// <param name="leisure">How long to pause between rounds: that many times as long as those who work all the time.</param>
public sealed class Staff(Answers answers, int seed, double leisure = 1)
{
    private const int Workers = 6;
    private static readonly TimeSpan LastVisits = TimeSpan.FromMinutes(3);

    public Shop Bookshop { get; private set; } = null!;

    public Shop Clinic { get; private set; } = null!;

    public Shop Bistro { get; private set; } = null!;

    private Courier Courier { get; set; } = null!;

    private Publisher Publisher { get; set; } = null!;

    private Reviewer Reviewer { get; set; } = null!;

    public async Task ComeAsync(MallPeople mall)
    {
        (Bookshop, Clinic, Bistro) = (await mall.BookshopAsync(), await mall.ShopAsync("clinic"), await mall.ShopAsync("bistro"));
        (Courier, Publisher, Reviewer) = (await mall.CourierAsync(), await mall.PublisherAsync(), await mall.ReviewerAsync());
        for (var workers = (await Clinic.WorkersAsync()).Count; workers < Workers; workers++)
            await Clinic.AddWorkerAsync($"Jung {workers}");
    }

    /// <summary>Who sells what is fulfilled like this.</summary>
    public Shop SellerOf(string fulfilment) => fulfilment switch
    {
        "delivery" => Bookshop,
        "confirmation" => Bistro,
        _ => Clinic,
    };

    /// <summary>Does some of the work there is, over and over.</summary>
    public Task WorkAsync(CancellationToken over) => Task.WhenAll(
        RepeatAsync(1, CarryAsync, over), RepeatAsync(2, HostAsync, over), RepeatAsync(3, TreatAsync, over), RepeatAsync(4, VisitAsync, over), RepeatAsync(5, PublishAsync, over));

    /// <summary>Makes all visits that were asked for: nobody is left waiting, and no worker busy.</summary>
    public Task EndVisitsAsync() => Eventually.Satisfies(
        async () =>
        {
            foreach (var visit in await ListAsync(Clinic, "/api/assignments?status=Assigned"))
                await answers.AskAsync(() => Clinic.CompleteVisitAsync(visit), HttpStatusCode.OK, HttpStatusCode.Conflict);
            return (await ListAsync(Clinic, "/api/assignments?status=Assigned")).Count + (await ListAsync(Clinic, "/api/assignments?status=Waiting")).Count;
        },
        left => left == 0,
        "have no visit left",
        LastVisits);

    private async Task CarryAsync(Random random)
    {
        foreach (var parcel in Some(await ListAsync(Courier, "/api/deliveries?status=Preparing"), 0.5, random))
            await answers.AskAsync(() => Courier.DepartAsync(parcel), HttpStatusCode.OK, HttpStatusCode.Conflict);
        foreach (var parcel in Some(await ListAsync(Courier, "/api/deliveries?status=Shipped"), 0.5, random))
            await answers.AskAsync(() => Courier.ArriveAsync(parcel), HttpStatusCode.OK);
    }

    private async Task HostAsync(Random random)
    {
        foreach (var booking in Some(await ListAsync(Bistro, "/api/store/orders?status=Received"), 0.5, random))
            await answers.AskAsync(() => random.Next(4) == 0 ? Bistro.RejectAsync(booking, "Full after all.") : Bistro.ConfirmAsync(booking), HttpStatusCode.OK, HttpStatusCode.Conflict);
        foreach (var booking in Some(await ListAsync(Bistro, "/api/store/orders?status=Confirmed"), 0.2, random))
            await answers.AskAsync(() => Bistro.CompleteAsync(booking), HttpStatusCode.OK, HttpStatusCode.Conflict);
    }

    private async Task TreatAsync(Random random)
    {
        foreach (var booking in Some(await ListAsync(Clinic, "/api/store/orders?status=Confirmed"), 0.2, random))
            await answers.AskAsync(() => Clinic.CompleteAsync(booking), HttpStatusCode.OK, HttpStatusCode.Conflict);
    }

    private async Task VisitAsync(Random random)
    {
        foreach (var visit in Some(await ListAsync(Clinic, "/api/assignments?status=Assigned"), 0.8, random))
            await answers.AskAsync(() => Clinic.CompleteVisitAsync(visit), HttpStatusCode.OK, HttpStatusCode.Conflict);
    }

    private async Task PublishAsync(Random random)
    {
        if (await answers.AskAsync(() => Publisher.RegisterAsync("Mixed title"), HttpStatusCode.Created) is not { } registered)
            return;
        var title = registered.Json.GetProperty("id").GetGuid();
        Func<Task<Answer>> withdraw = () => Publisher.WithdrawAsync(title);
        Func<Task<Answer>> decide = random.Next(3) == 0 ? () => Reviewer.RejectAsync(title, "Not for us.") : () => Reviewer.ApproveAsync(title);
        Func<Task<Answer>>[] steps = random.Next(3) switch { 0 => [withdraw], 1 => [decide], _ => [withdraw, decide] };
        await Task.WhenAll(steps.Select(step => answers.AskAsync(step, HttpStatusCode.OK, HttpStatusCode.Conflict)));
    }

    private async Task RepeatAsync(int number, Func<Random, Task> work, CancellationToken over)
    {
        var random = new Random(seed + number);
        while (!over.IsCancellationRequested)
        {
            await work(random);
            await Task.Delay(TimeSpan.FromMilliseconds(random.Next(20, 200)) * leisure, over).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    // The newest of them; none while the service is unreachable.
    private async Task<List<Guid>> ListAsync(Person person, string path) =>
        await answers.AskAsync(() => person.GetAsync($"{path}&limit=100"), HttpStatusCode.OK) is { } page
            ? [.. page.Json.GetProperty("items").EnumerateArray().Select(item => item.GetProperty("orderId").GetGuid())]
            : [];

    private static List<Guid> Some(List<Guid> all, double share, Random random) => [.. all.Where(_ => random.NextDouble() < share)];
}
