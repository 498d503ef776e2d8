using System.Net;
using System.Text.Json;

namespace OrderMall.People;

/// <summary>Registers new titles, and sells what was approved.</summary>
public sealed class Publisher(Person who) : Person(who)
{
    public const string Author = "Kim Sowol";

    /// <summary>Registers a title, whatever comes of it.</summary>
    public Task<Answer> RegisterAsync(string title, int copies = 10) =>
        PostAsync("/api/titles", new { title, author = Author, isbn = "978-3-16-148410-0", price = 15_000, copies });

    /// <summary>Registers a title successfully.</summary>
    /// <returns>The title's id.</returns>
    public async Task<Guid> SubmitAsync(string title, int copies = 10) =>
        (await RegisterAsync(title, copies)).Is(HttpStatusCode.Created).Json.GetProperty("id").GetGuid();

    public Task<Answer> WithdrawAsync(Guid titleId) => DeleteAsync($"/api/titles/{titleId}");

    /// <summary>Waits until the registration stands there.</summary>
    public Task SeesAsync(Guid titleId, string status) =>
        Eventually.Is(status, async () => (await GetAsync($"/api/titles/{titleId}")).Is(HttpStatusCode.OK)["status"]);

    /// <summary>The title on the publisher's own page, once it is there.</summary>
    public Task<JsonElement> OnPageAsync(Guid titleId, string status) => Eventually.Satisfies(
        async () => (await NewestAsync("/api/mypage/titles")).FirstOrDefault(title => title.GetProperty("titleId").GetGuid() == titleId),
        title => title.ValueKind == JsonValueKind.Object && title.GetProperty("status").GetString() == status,
        $"be {status} on the publisher's page");
}
