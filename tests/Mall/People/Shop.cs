using System.Net;
using System.Text.Json;

namespace OrderMall.Mall.Tests.People;

/// <summary>A merchant.</summary>
public sealed class Shop(Person merchant) : Person(merchant)
{
    /// <summary>Puts a new book on sale.</summary>
    /// <returns>The offer's id.</returns>
    public async Task<Guid> SellBookAsync(int? copies = 100, decimal price = 12_000) =>
        (await PostAsync("/api/offers", Book($"Book {Guid.NewGuid():N}", copies, price))).Is(HttpStatusCode.Created).Json.GetProperty("id").GetGuid();

    /// <summary>What is sent to put a book on sale.</summary>
    public static object Book(string title, int? copies = 100, decimal price = 12_000) =>
        new { kind = "book", title, price, currency = "KRW", prepayment = "full", fulfilment = "delivery", capacity = copies };

    /// <summary>How many are left of an offer.</summary>
    public async Task<int> AvailableAsync(Guid offerId) => (await GetAsync($"/api/offers/{offerId}")).Is(HttpStatusCode.OK).Json.GetProperty("available").GetInt32();

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
}
