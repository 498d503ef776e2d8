using System.Net;
using System.Text.Json;

namespace OrderMall.People;

/// <summary>A merchant.</summary>
public sealed class Shop(Person merchant) : Person(merchant)
{
    /// <summary>The day of what takes place on a day.</summary>
    public static readonly DateOnly Day = DateOnly.FromDateTime(DateTime.UtcNow).AddDays(14);

    private static readonly TimeSpan LastVisits = TimeSpan.FromMinutes(1);

    /// <summary>Puts something on sale.</summary>
    /// <returns>The offer's id.</returns>
    public async Task<Guid> SellAsync(object offer) =>
        (await PostAsync("/api/offers", offer)).Is(HttpStatusCode.Created).Json.GetProperty("id").GetGuid();

    /// <summary>Puts a new book on sale.</summary>
    public Task<Guid> SellBookAsync(int? copies = 100, decimal price = 12_000) => SellAsync(Book($"Book {Guid.NewGuid():N}", copies, price));

    /// <summary>Registers doses of a vaccine at a hospital on the <see cref="Day"/>.</summary>
    public Task<Guid> SellDosesAsync(string vaccine, int doses, string hospital = "Hangang Hospital") => SellAsync(new
    {
        kind = "vaccination", title = vaccine, price = 0, currency = "KRW", prepayment = "none", fulfilment = "none", capacity = doses, date = Day, place = hospital,
    });

    /// <summary>Puts tables on sale for the <see cref="Day"/>.</summary>
    public Task<Guid> SellTablesAsync(string title, int tables, decimal deposit = 10_000, string fulfilment = "confirmation") => SellAsync(new
    {
        kind = "table", title, price = 60_000, deposit, currency = "KRW", prepayment = "deposit", fulfilment, capacity = tables, date = Day, place = "The Bistro",
    });

    /// <summary>Offers visits of a worker on a day, <see cref="Day"/> if left out.</summary>
    public Task<Guid> SellVisitsAsync(string title, int visits, DateOnly? date = null) => SellAsync(new
    {
        kind = "cleaning", title, price = 90_000, currency = "KRW", prepayment = "none", fulfilment = "assignment", capacity = visits, date = date ?? Day, overbook = true,
    });

    /// <summary>What is sent to put a book on sale.</summary>
    public static object Book(string title, int? copies = 100, decimal price = 12_000) =>
        new { kind = "book", title, price, currency = "KRW", prepayment = "full", fulfilment = "delivery", capacity = copies };

    /// <summary>How many are left of an offer.</summary>
    public async Task<int> AvailableAsync(Guid offerId) => (await GetAsync($"/api/offers/{offerId}")).Is(HttpStatusCode.OK).Json.GetProperty("available").GetInt32();

    /// <summary>Has no more of it than orders hold: nobody else finds what a test leaves.</summary>
    public async Task SellNoMoreAsync(Guid offerId)
    {
        var offer = (await GetAsync($"/api/offers/{offerId}")).Is(HttpStatusCode.OK).Json;
        var held = offer.GetProperty("capacity").GetInt32() - offer.GetProperty("available").GetInt32();
        await PatchAsync($"/api/offers/{offerId}", new { capacity = held }); // refused if somebody has ordered this moment: then it stays
    }

    /// <summary>Waits until so many are left.</summary>
    public Task HasLeftAsync(Guid offerId, int copies) => Eventually.Is(copies, () => AvailableAsync(offerId));

    /// <summary>The order in the merchant's book, once it has that status.</summary>
    public Task<JsonElement> InBookAsync(Guid orderId, string status) => Eventually.Satisfies(
        async () => (await GetAsync($"/api/store/orders?status={status}&limit=100")).Is(HttpStatusCode.OK).Json.GetProperty("items").EnumerateArray()
            .FirstOrDefault(order => order.GetProperty("orderId").GetGuid() == orderId),
        order => order.ValueKind == JsonValueKind.Object,
        $"have order {orderId} as {status} in the order book");

    public Task<Answer> ConfirmAsync(Guid orderId) => PostAsync($"/api/store/orders/{orderId}/confirmation");

    public Task<Answer> RejectAsync(Guid orderId, string reason) => PostAsync($"/api/store/orders/{orderId}/rejection", new { reason });

    public Task<Answer> CompleteAsync(Guid orderId) => PostAsync($"/api/store/orders/{orderId}/completion");

    /// <summary>Has one more worker.</summary>
    /// <returns>The worker's id.</returns>
    public async Task<Guid> AddWorkerAsync(string name)
    {
        var added = (await PostAsync("/api/workers", new { name })).Is(HttpStatusCode.Created);
        Assert.Equal((name, ""), (added["name"], added["orderId"]));
        return added.Json.GetProperty("id").GetGuid();
    }

    /// <summary>All workers of the merchant: who they are, and the order each is busy with.</summary>
    public async Task<Dictionary<Guid, Guid?>> WorkersAsync() => (await ListAsync("/api/workers")).ToDictionary(
        worker => worker.GetProperty("id").GetGuid(),
        worker => worker.GetProperty("orderId") is { ValueKind: JsonValueKind.String } order ? order.GetGuid() : (Guid?)null);

    /// <summary>Waits until a worker is assigned to the order.</summary>
    /// <returns>The worker's id.</returns>
    public async Task<Guid> SendsAsync(Guid orderId)
    {
        var assignment = await Eventually.Satisfies(
            () => GetAsync($"/api/assignments/{orderId}"),
            answer => answer.Status == HttpStatusCode.OK && answer["status"] == "Assigned",
            $"send somebody to order {orderId}");
        return assignment.Json.GetProperty("workerId").GetGuid();
    }

    /// <summary>Says that all visits took place, until nobody is sent and nobody waits: tests that were ended in the middle leave some.</summary>
    public Task EndVisitsAsync() => Eventually.Satisfies(
        async () =>
        {
            var sent = await ListAsync("/api/assignments?status=Assigned");
            foreach (var visit in sent)
                await CompleteVisitAsync(visit.GetProperty("orderId").GetGuid());
            return sent.Count + (await ListAsync("/api/assignments?status=Waiting")).Count;
        },
        left => left == 0,
        "have no visit left",
        LastVisits);

    /// <summary>Says that a visit took place.</summary>
    public Task<Answer> CompleteVisitAsync(Guid orderId) => PostAsync($"/api/assignments/{orderId}/completion");
}
