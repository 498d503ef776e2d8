using System.Net;
using System.Text.Json;

namespace OrderMall.People;

/// <summary>Somebody who orders.</summary>
public sealed class Customer : Person
{
    public const string Destination = "1 Sejong-daero, Seoul";
    public const string Phone = "010-1234-5678";
    private const string Password = "Correct-horse-7";

    private Customer(Person who, string id)
        : base(who) => Id = id;

    public string Id { get; }

    /// <summary>Registers and signs in.</summary>
    public static async Task<Customer> RegisterAsync(Uri mall)
    {
        var email = NewEmail();
        var account = await PatientlyAsync(() => AskForAccountAsync(new Person(mall), email));
        return new Customer(await SignInAsync(mall, email, Password), account.Is(HttpStatusCode.Created)["id"]!);
    }

    /// <summary>Tries to register and to sign in.</summary>
    /// <param name="anyone">At the mall's door, not signed in.</param>
    /// <param name="answers">Takes note of what is answered.</param>
    /// <returns><see langword="null"/> if the mall was not there for one of the two.</returns>
    public static async Task<Customer?> TryRegisterAsync(Person anyone, Answers answers)
    {
        var email = NewEmail();
        return await answers.AskAsync(() => AskForAccountAsync(anyone, email), HttpStatusCode.Created) is { } account
            && await answers.AskAsync(() => anyone.SignInAsync(email, Password), HttpStatusCode.OK) is { } signedIn
                ? new Customer(anyone.WithToken(signedIn["accessToken"]), account["id"]!)
                : null;
    }

    /// <summary>Orders, whatever comes of it.</summary>
    public Task<Answer> OrderAsync(Guid offerId, int quantity = 1, string paymentMethod = "card_ok", params (string Name, string Value)[] headers) =>
        PostAsync("/api/orders", new { offerId, quantity, destination = Destination, phone = Phone, paymentMethod }, headers);

    /// <summary>Orders what nobody brings and nothing is paid for.</summary>
    /// <returns>The order's id.</returns>
    public async Task<Guid> BookAsync(Guid offerId, int quantity = 1) =>
        (await PostAsync("/api/orders", new { offerId, quantity })).Is(HttpStatusCode.Created).Json.GetProperty("id").GetGuid();

    /// <summary>Orders successfully.</summary>
    /// <returns>The order's id.</returns>
    public async Task<Guid> PlaceAsync(Guid offerId, int quantity = 1) =>
        (await OrderAsync(offerId, quantity)).Is(HttpStatusCode.Created).Json.GetProperty("id").GetGuid();

    public Task<Answer> CancelAsync(Guid orderId) => PostAsync($"/api/orders/{orderId}/cancellation");

    public async Task<string?> StatusAsync(Guid orderId) => (await GetAsync($"/api/orders/{orderId}")).Is(HttpStatusCode.OK)["status"];

    /// <summary>Waits until the order is there.</summary>
    public Task SeesAsync(Guid orderId, string status) => Eventually.Is(status, () => StatusAsync(orderId));

    public async Task<string?> PaymentAsync(Guid orderId) => (await GetAsync($"/api/payments/{orderId}")).Is(HttpStatusCode.OK)["status"];

    /// <summary>The statuses the order had, oldest first.</summary>
    public async Task<List<string?>> HistoryAsync(Guid orderId) =>
        Statuses((await GetAsync($"/api/orders/{orderId}")).Is(HttpStatusCode.OK).Json.GetProperty("history"));

    /// <summary>All orders of the customer's own page.</summary>
    public Task<List<JsonElement>> PageAsync() => ListAsync("/api/mypage/orders");

    /// <summary>The order on the customer's own page, once it is there.</summary>
    public Task<JsonElement> OnPageAsync(Guid orderId, string status) => Eventually.Satisfies(
        async () => (await PageAsync()).FirstOrDefault(order => order.GetProperty("orderId").GetGuid() == orderId),
        order => order.ValueKind == JsonValueKind.Object && order.GetProperty("status").GetString() == status,
        $"be {status} on the customer's page");

    /// <summary>The subjects of the messages of an order's steps, newest first; what was given back is told besides.</summary>
    public async Task<List<string?>> MessagesAsync(Guid orderId) =>
        [.. (await ListAsync("/api/notifications"))
            .Where(message => message.GetProperty("orderId").ValueKind == JsonValueKind.String && message.GetProperty("orderId").GetGuid() == orderId)
            .Select(message => message.GetProperty("subject").GetString()).Where(subject => !subject!.StartsWith("Refund:", StringComparison.Ordinal))];

    public static List<string?> Statuses(JsonElement history) => [.. history.EnumerateArray().Select(entry => entry.GetProperty("status").GetString())];

    private static string NewEmail() => $"{Guid.NewGuid():N}@customer.test";

    private static Task<Answer> AskForAccountAsync(Person anyone, string email) =>
        anyone.PostAsync("/api/account/register", new { email, password = Password, name = "A customer" });
}
