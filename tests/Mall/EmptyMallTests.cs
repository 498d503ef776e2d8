using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using OrderMall.Contracts;
using OrderMall.Contracts.Calls;
using OrderMall.Mall.Tests.Opening;

namespace OrderMall.Mall.Tests;

/// <summary>
/// A mall as it is deployed: without the demo, empty, with a payment provider that is not part of it. By plain HTTP from the first operator to an order of
/// each of the five systems that is settled.
/// </summary>
[Collection(AloneCollection.Name)]
public sealed class EmptyMallTests : IAsyncLifetime
{
    private const string OperatorEmail = "boss@example.com";
    private const string OperatorPassword = "Correct-horse-7";
    private const string Key = "the-key-of-the-mall";
    private const string Card = "card";

    private readonly MallFolder _data = new();
    private readonly ConcurrentDictionary<Guid, (decimal Amount, bool Refunded)> _ledger = new();
    private WebApplication _provider = null!;
    private EmbeddedMall _mall = null!;
    private Operator _operator = null!;

    public async Task InitializeAsync()
    {
        if (Needs.Lacks(Need.Own) is not null)
            return;
        var builder = WebApplication.CreateSlimBuilder(["--urls", "http://127.0.0.1:0"]);
        builder.Logging.ClearProviders();
        _provider = builder.Build();
        MapProvider(_provider);
        await _provider.StartAsync();
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        _mall = await EmbeddedMall.OpenAsync(
            new MallOptions
            {
                Port = 0,
                DataDirectory = _data.Path,
                Demo = false,
                Settings = new Dictionary<string, string>
                {
                    ["Operator:Email"] = OperatorEmail,
                    ["Operator:Password"] = OperatorPassword,
                    ["PaymentProvider:Address"] = $"{_provider.Urls.First()}/v1",
                    ["PaymentProvider:Key"] = Key,
                    ["Ordering:PaymentMethods:0"] = Card,
                },
            },
            cancellationToken: limit.Token);
    }

    public async Task DisposeAsync()
    {
        if (_mall is not null)
            await _mall.DisposeAsync();
        if (_provider is not null)
            await _provider.DisposeAsync();
        _data.Dispose();
    }

    [FactNeeding(Need.Own)]
    public async Task From_the_first_operator_to_a_settled_order_of_every_kind_and_back_when_a_role_is_taken()
    {
        var anyone = new Person(_mall.Address);
        Assert.Equal(HttpStatusCode.Unauthorized, (await anyone.SignInAsync("operator@mall.test", Demo.Password)).Status);
        Assert.Empty(await anyone.ListAsync("/api/offers"));
        _operator = new Operator(await Person.SignInAsync(_mall.Address, OperatorEmail, OperatorPassword));

        // Some apply, and are told what was decided; to others roles are given without being asked.
        var (shop, courier, publisher) = (await AppliesAsync("merchant"), await AppliesAsync("courier"), await AppliesAsync("publisher"));
        var (clinic, reviewer, customer) = (await IsMadeAsync("merchant"), await IsMadeAsync("reviewer"), await NewAsync());
        var seller = new Shop(shop);

        var book = await BookAsync(await seller.SellBookAsync(), 12_000);
        await customer.SeesAsync(book, "Preparing");
        await CarryAsync(book);

        var doses = await new Shop(clinic).SellDosesAsync("Influenza", 10);
        Assert.Equal([doses], (await anyone.ListAsync($"/api/offers?kind=vaccination&q=influenza&date={Shop.Day:yyyy-MM-dd}&place=hangang&available=1&sort=date")).Select(offer => offer.GetProperty("id").GetGuid()));
        var dose = await BookAsync(doses, null);
        await customer.OnPageAsync(dose, "Confirmed");
        (await new Shop(clinic).CompleteAsync(dose)).Is(HttpStatusCode.OK);

        var table = await BookAsync(await seller.SellTablesAsync("A table", 5), 10_000);
        await seller.InBookAsync(table, "Received");
        (await seller.ConfirmAsync(table)).Is(HttpStatusCode.OK);
        (await seller.CompleteAsync(table)).Is(HttpStatusCode.OK);

        // One that needs no confirmation, and one that is refused.
        var atOnce = await BookAsync(await seller.SellTablesAsync("A table at once", 5, fulfilment: "none"), 10_000);
        await customer.OnPageAsync(atOnce, "Confirmed");
        (await seller.CompleteAsync(atOnce)).Is(HttpStatusCode.OK);
        var refused = await BookAsync(await seller.SellTablesAsync("A table that is taken", 5), 10_000);
        await seller.InBookAsync(refused, "Received");
        (await seller.RejectAsync(refused, "The kitchen is on fire.")).Is(HttpStatusCode.OK);

        await seller.AddWorkerAsync("Kim");
        var visit = await BookAsync(await seller.SellVisitsAsync("A visit", 1), null);
        await seller.SendsAsync(visit);
        (await seller.CompleteVisitAsync(visit)).Is(HttpStatusCode.OK);

        var author = new Publisher(publisher);
        var title = await author.SubmitAsync("The Long Way");
        await new Reviewer(reviewer).SeesAsync(title, "Pending");
        (await new Reviewer(reviewer).ApproveAsync(title)).Is(HttpStatusCode.OK);
        await IsOnSaleAsync(title, true);
        var copy = await BookAsync(title, 15_000);
        await customer.SeesAsync(copy, "Preparing");
        await CarryAsync(copy);
        foreach (var (order, end) in new[] { (book, "Delivered"), (dose, "Completed"), (table, "Completed"), (atOnce, "Completed"), (visit, "Completed"), (copy, "Delivered"), (refused, "Rejected") })
            await customer.OnPageAsync(order, end);

        // What was prepaid for nothing comes back.
        var tables = await seller.SellTablesAsync("Another table", 5);
        var cancelled = await BookAsync(tables, 10_000);
        await seller.InBookAsync(cancelled, "Received");
        Assert.Equal("Cancelled", (await customer.CancelAsync(cancelled)).Is(HttpStatusCode.OK)["status"]);
        Assert.True(_ledger[cancelled].Refunded);

        await PageSaysAsync(book, 12_000, 0);
        await PageSaysAsync(table, 10_000, 0);
        await PageSaysAsync(visit, 0, 0, worker: "Kim");
        await PageSaysAsync(cancelled, 10_000, 10_000);
        await PageSaysAsync(refused, 10_000, 10_000, reason: "refused by merchant: The kitchen is on fire.");
        await EventsSayAsync(book);
        // The book, two tables and the visit.
        await Eventually.Is(4, async () => (await shop.GetAsync("/api/store/sales")).Is(HttpStatusCode.OK).Json.GetProperty("counts").TryGetProperty("Completed", out var completed) ? completed.GetInt32() : 0);

        // Who has lost the role sells nothing any more, also what is still being reviewed; catalog and publishing need not be there at that moment.
        var waiting = await author.SubmitAsync("Another Way");
        await new Reviewer(reviewer).SeesAsync(waiting, "Pending");
        await using (await _operator.StopAsync(AppIds.Catalog, AppIds.Publishing))
        {
            await SetAsync(shop, "customer");
            await SetAsync(publisher, "customer");
        }

        await IsOnSaleAsync(tables, false);
        await IsOnSaleAsync(title, false);
        await new Reviewer(reviewer).SeesAsync(waiting, "Withdrawn");
        (await customer.OrderAsync(tables, paymentMethod: Card)).IsProblem(HttpStatusCode.NotFound, "not-found");
        await shop.IsToldOnceAsync("What you may do in the mall has changed", "no longer: merchant", "goes off sale");
        // Given back, the role sells what is put on sale from now on.
        await SetAsync(shop, "customer", "merchant");
        var again = await seller.SellTablesAsync("A table again", 5);
        Assert.Equal([again], (await anyone.ListAsync($"/api/offers?merchantId={shop.Id}")).Select(offer => offer.GetProperty("id").GetGuid()));
        await _operator.FindsAllInOrderAsync(Eventually.Usual);
        // The provider's own ledger, which is not the mall's to read.
        Assert.Equal(
            new[] { (book, 12_000m, false), (table, 10_000m, false), (atOnce, 10_000m, false), (copy, 15_000m, false), (cancelled, 10_000m, true), (refused, 10_000m, true) }.Order(),
            _ledger.Select(charge => (charge.Key, charge.Value.Amount, charge.Value.Refunded)).Order());

        async Task<Guid> BookAsync(Guid offer, decimal? prepaid)
        {
            var placed = (prepaid is null
                ? await customer.PostAsync("/api/orders", new { offerId = offer, quantity = 1, destination = Customer.Destination, phone = Customer.Phone })
                : await customer.OrderAsync(offer, paymentMethod: Card)).Is(HttpStatusCode.Created);
            Assert.Equal(prepaid ?? 0, placed.Json.GetProperty("prepaid").GetDecimal());
            return placed.Json.GetProperty("id").GetGuid();
        }

        async Task PageSaysAsync(Guid order, decimal paid, decimal refunded, string? worker = null, string? reason = null)
        {
            await Eventually.Is((1, paid, refunded, worker, reason, Customer.Destination), async () =>
            {
                var seen = (await customer.PageAsync()).Single(one => one.GetProperty("orderId").GetGuid() == order);
                return (
                    seen.GetProperty("quantity").GetInt32(), seen.GetProperty("paid").GetDecimal(), seen.GetProperty("refunded").GetDecimal(),
                    seen.GetProperty("worker").GetString(), reason is null ? null : seen.GetProperty("reason").GetString(), seen.GetProperty("destination").GetString());
            });
        }

        // The correlation key made visible: from the order over the store to the parcel.
        async Task EventsSayAsync(Guid order)
        {
            var events = (await _operator.GetAsync($"/api/ops/orders/{order}/events")).Is(HttpStatusCode.OK).Json.GetProperty("events").EnumerateArray().ToList();
            foreach (var (topic, type, version, handler) in new[] { ("orders", "OrderAccepted", 2, AppIds.Store), ("store", "StoreOrderReceived", 1, AppIds.Delivery), ("deliveries", "ParcelDelivered", 3, AppIds.Ordering) })
            {
                var told = events.Single(one => one.GetProperty("type").GetString() == type);
                Assert.Equal((topic, version), (told.GetProperty("topic").GetString(), told.GetProperty("version").GetInt32()));
                Assert.Equal(32, told.GetProperty("traceId").GetString()!.Length);
                var handled = told.GetProperty("handled").EnumerateArray().Single(one => one.GetProperty("service").GetString() == handler);
                Assert.True(handled.GetProperty("at").GetDateTimeOffset() >= told.GetProperty("at").GetDateTimeOffset());
            }
        }

        async Task CarryAsync(Guid order)
        {
            (await new Courier(courier).DepartAsync(order)).Is(HttpStatusCode.OK);
            (await new Courier(courier).ArriveAsync(order)).Is(HttpStatusCode.OK);
        }

        Task IsOnSaleAsync(Guid offer, bool isIt) => Eventually.Is(isIt, async () => (await anyone.GetAsync($"/api/offers/{offer}")).Status == HttpStatusCode.OK);
    }

    private Task<Customer> NewAsync() => Customer.RegisterAsync(_mall.Address);

    private async Task<Customer> IsMadeAsync(string role)
    {
        var person = await NewAsync();
        await SetAsync(person, "customer", role);
        await person.IsToldOnceAsync("What you may do in the mall has changed", role);
        return person;
    }

    private async Task<Customer> AppliesAsync(string role)
    {
        var person = await NewAsync();
        var asked = (await person.PostAsync("/api/account/applications", new { role })).Is(HttpStatusCode.Created);
        (await _operator.PostAsync($"/api/ops/applications/{asked["id"]}/approval")).Is(HttpStatusCode.OK);
        await person.IsToldOnceAsync($"Application approved: {role}", $"you are {role} from now on");
        return person;
    }

    private async Task SetAsync(Customer person, params string[] roles) =>
        (await _operator.PutAsync($"/api/ops/accounts/{person.Id}/roles", new { roles })).Is(HttpStatusCode.OK);

    // As much of a provider as the mall needs: who has no key is not answered, and a key of a charge has one outcome.
    private void MapProvider(WebApplication provider)
    {
        provider.Use(async (context, next) =>
        {
            if (context.Request.Headers.Authorization == $"Bearer {Key}")
                await next(context);
            else
                context.Response.StatusCode = StatusCodes.Status401Unauthorized;
        });
        provider.MapPost("/v1/provider/charges", (ProviderCharge charge) => AnswerOf(_ledger.GetOrAdd(charge.Key, (charge.Amount, false))));
        provider.MapPost("/v1/provider/lookups", (ProviderKey key) => _ledger.TryGetValue(key.Key, out var charge) ? AnswerOf(charge) : new ProviderAnswer(ProviderOutcome.Unknown, 0));
        provider.MapPost("/v1/provider/refunds", (ProviderKey key) => AnswerOf(_ledger.AddOrUpdate(key.Key, (0m, true), (_, charge) => charge with { Refunded = true })));
    }

    private static ProviderAnswer AnswerOf((decimal Amount, bool Refunded) charge) =>
        charge.Refunded ? new ProviderAnswer(ProviderOutcome.Refunded, charge.Amount) : new ProviderAnswer(ProviderOutcome.Approved, 0);
}
