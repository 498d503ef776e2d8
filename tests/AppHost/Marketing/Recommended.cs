using System.Net;

namespace OrderMall.AppHost.Tests.Marketing;

/// <summary>What people do to have something recommended, and see.</summary>
internal static class Recommended
{
    /// <summary>Puts something on sale.</summary>
    /// <returns>The offer's id.</returns>
    public static async Task<Guid> SellAsync(this Shop shop, string kind, string title) =>
        (await shop.PostAsync("/api/offers", new { kind, title, price = 9_000, currency = "KRW", prepayment = "full", fulfilment = "none" }))
        .Is(HttpStatusCode.Created).Json.GetProperty("id").GetGuid();

    /// <summary>Waits until just this is recommended, as title and number of orders, the best first; equals in any order.</summary>
    public static Task IsRecommendedAsync(this Person person, string query, params string[] expected) => Eventually.Is(
        string.Join(", ", expected),
        async () => string.Join(", ", (await person.GetAsync("/api/recommendations" + query)).Is(HttpStatusCode.OK).Json.GetProperty("items").EnumerateArray()
            .Select(item => (Title: item.GetProperty("title").GetString(), Orders: item.GetProperty("orders").GetInt32()))
            .OrderByDescending(item => item.Orders).ThenBy(item => item.Title, StringComparer.Ordinal)
            .Select(item => $"{item.Title} {item.Orders}")));
}
