using System.Net;
using System.Text.Json;
using OrderMall.Mall.Tests.Opening;

namespace OrderMall.Mall.Tests;

/// <summary>A business nobody thought of, with any combination of policies, is a row of data: its orders live their whole life.</summary>
public sealed class PolicyTests(MallFixture mall) : IClassFixture<MallFixture>, IAsyncLifetime
{
    private const int Quantity = 2;

    public static IEnumerable<object?[]> Combinations =>
        from prepayment in new[] { "none", "deposit", "full" }
        from fulfilment in OrderLife.Fulfilments
        from capacity in new int?[] { Quantity, null }
        select new object?[] { prepayment, fulfilment, capacity };

    public async Task InitializeAsync() => await (await ShopAsync()).EndVisitsAsync();

    public Task DisposeAsync() => Task.CompletedTask;

    [Theory]
    [MemberData(nameof(Combinations))]
    public async Task An_order_is_fulfilled_and_paid(string prepayment, string fulfilment, int? capacity)
    {
        var (shop, customer, offer) = (await ShopAsync(), await mall.NewCustomerAsync(), await SellAsync(prepayment, fulfilment, capacity));
        var life = OrderLife.Of(fulfilment);

        var order = await customer.PlaceAsync(offer, Quantity);
        Assert.Equal(capacity is null ? null : 0, await AvailableAsync(offer));
        if (capacity is not null)
            (await customer.OrderAsync(offer)).IsProblem(HttpStatusCode.Conflict, "sold-out");
        await IsBeingFulfilledAsync(shop, customer, order, fulfilment);
        await FinishAsync(shop, order, fulfilment);

        var page = await customer.OnPageAsync(order, life[^1]);
        Assert.Equal("gym-class-xyz", page.GetProperty("kind").GetString());
        Assert.Equal(life, Customer.Statuses(page.GetProperty("timeline")));
        Assert.Equal(life, await customer.HistoryAsync(order));
        (await customer.CancelAsync(order)).IsProblem(HttpStatusCode.Conflict, "too-late-to-cancel");
        await PaidAsync(customer, order, prepayment, "Approved");
        await shop.InBookAsync(order, "Completed");
        await (await mall.OperatorAsync()).FindsAllInOrderAsync();
    }

    [Theory]
    [MemberData(nameof(Combinations))]
    public async Task An_order_is_cancelled_and_its_money_and_capacity_are_back(string prepayment, string fulfilment, int? capacity)
    {
        var (shop, customer, offer) = (await ShopAsync(), await mall.NewCustomerAsync(), await SellAsync(prepayment, fulfilment, capacity));
        var order = await customer.PlaceAsync(offer, Quantity);
        await IsBeingFulfilledAsync(shop, customer, order, fulfilment);

        Assert.Equal("Cancelled", (await customer.CancelAsync(order)).Is(HttpStatusCode.OK)["status"]);

        await customer.OnPageAsync(order, "Cancelled");
        await PaidAsync(customer, order, prepayment, "Refunded");
        await Eventually.Is(capacity, () => AvailableAsync(offer));
        await shop.InBookAsync(order, "Cancelled");
        await (await mall.OperatorAsync()).FindsAllInOrderAsync();
    }

    private async Task<Shop> ShopAsync()
    {
        var shop = await mall.ShopAsync("clinic");
        if ((await shop.WorkersAsync()).Count == 0)
            await shop.AddWorkerAsync("Choi");
        return shop;
    }

    private async Task<Guid> SellAsync(string prepayment, string fulfilment, int? capacity) => await (await ShopAsync()).SellAsync(new
    {
        kind = "gym-class-xyz",
        title = $"Class {Guid.NewGuid():N}",
        price = 1_000,
        deposit = prepayment == "deposit" ? 300 : (int?)null,
        currency = "KRW",
        prepayment,
        fulfilment,
        capacity,
    });

    /// <summary>Waits until it has gone as far as it goes by itself; the merchant confirms what must be.</summary>
    private static async Task IsBeingFulfilledAsync(Shop shop, Customer customer, Guid order, string fulfilment)
    {
        if (fulfilment == "confirmation")
        {
            await shop.InBookAsync(order, "Received");
            (await shop.ConfirmAsync(order)).Is(HttpStatusCode.OK);
        }

        await customer.SeesAsync(order, OrderLife.Of(fulfilment)[2]);
        if (fulfilment is "none" or "confirmation")
            await shop.InBookAsync(order, "Confirmed");
    }

    private async Task FinishAsync(Shop shop, Guid order, string fulfilment)
    {
        switch (fulfilment)
        {
            case "delivery":
                var courier = await mall.CourierAsync();
                (await courier.DepartAsync(order)).Is(HttpStatusCode.OK);
                (await courier.ArriveAsync(order)).Is(HttpStatusCode.OK);
                break;
            case "assignment":
                (await shop.CompleteVisitAsync(order)).Is(HttpStatusCode.OK);
                break;
            default:
                (await shop.CompleteAsync(order)).Is(HttpStatusCode.OK);
                break;
        }
    }

    private static async Task PaidAsync(Customer customer, Guid order, string prepayment, string status)
    {
        var payment = await customer.GetAsync($"/api/payments/{order}");
        if (prepayment == "none")
        {
            payment.IsProblem(HttpStatusCode.NotFound, "not-found");
            return;
        }

        Assert.Equal((prepayment == "deposit" ? "600" : "2000", status), (payment.Is(HttpStatusCode.OK)["amount"], payment["status"]));
    }

    private async Task<int?> AvailableAsync(Guid offer) =>
        (await mall.Anyone.GetAsync($"/api/offers/{offer}")).Is(HttpStatusCode.OK).Json.GetProperty("available") is { ValueKind: JsonValueKind.Number } number ? number.GetInt32() : null;
}
