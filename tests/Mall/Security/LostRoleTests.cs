using System.Net;
using System.Text.Json;
using OrderMall.Mall.Tests.Opening;

namespace OrderMall.Mall.Tests.Security;

/// <summary>Live orders of a merchant or courier whose role was taken away: each is brought to an end by others, and refunded where it is refused.</summary>
public sealed class LostRoleTests(MallFixture mall) : IClassFixture<MallFixture>
{
    private static readonly string[] AsCustomer = ["customer"];

    [Fact]
    public async Task Parcels_are_brought_by_another_courier_or_refused_by_the_operator()
    {
        var (op, customer) = (await mall.OperatorAsync(), await mall.NewCustomerAsync());
        var (merchant, one, other) = (await IsMadeAsync("merchant"), await IsMadeAsync("courier"), await IsMadeAsync("courier"));
        var offer = await new Shop(merchant).SellBookAsync(copies: 10);
        var (brought, refused) = (await customer.PlaceAsync(offer), await customer.PlaceAsync(offer));
        foreach (var order in new[] { brought, refused })
            await customer.SeesAsync(order, "Preparing");
        (await new Courier(one).DepartAsync(brought)).Is(HttpStatusCode.OK);
        await LosesAsync(merchant, one);

        (await new Shop(merchant).RejectAsync(refused, "No more.")).IsProblem(HttpStatusCode.Forbidden, "forbidden");
        (await new Courier(one).ArriveAsync(brought)).IsProblem(HttpStatusCode.Forbidden, "forbidden");
        (await new Courier(other).ArriveAsync(brought)).Is(HttpStatusCode.OK);
        await customer.OnPageAsync(brought, "Delivered");
        (await new Shop(op).RejectAsync(brought, "Too late.")).IsProblem(HttpStatusCode.Conflict, "order-status");
        await IsRefusedAsync(customer, refused, "The shop has closed.");
        Assert.Equal("Approved", await customer.PaymentAsync(brought));
        await op.FindsAllInOrderAsync(Eventually.Usual);
    }

    [Fact]
    public async Task Bookings_are_confirmed_completed_or_refused_by_the_operator()
    {
        var (op, customer, merchant) = (await mall.OperatorAsync(), await mall.NewCustomerAsync(), await IsMadeAsync("merchant"));
        var (tables, doses) = (await new Shop(merchant).SellTablesAsync($"Table {Guid.NewGuid():N}", 5), await new Shop(merchant).SellDosesAsync($"Vaccine {Guid.NewGuid():N}", 5));
        var (kept, undone, open, dose) = (await customer.PlaceAsync(tables), await customer.PlaceAsync(tables), await customer.PlaceAsync(tables), await customer.BookAsync(doses));
        foreach (var table in new[] { kept, undone, open })
            await new Shop(merchant).InBookAsync(table, "Received");
        (await new Shop(merchant).ConfirmAsync(undone)).Is(HttpStatusCode.OK);
        foreach (var booking in new[] { undone, dose })
            await customer.SeesAsync(booking, "Confirmed");
        await LosesAsync(merchant);

        (await new Shop(merchant).ConfirmAsync(kept)).IsProblem(HttpStatusCode.Forbidden, "forbidden");
        Assert.Equal(
            new[] { kept, undone, open, dose }.Order(),
            (await op.ListAsync($"/api/store/orders?merchantId={merchant.Id}")).Select(order => order.GetProperty("orderId").GetGuid()).Order());
        (await new Shop(op).ConfirmAsync(kept)).Is(HttpStatusCode.OK);
        await customer.SeesAsync(kept, "Confirmed");
        foreach (var booking in new[] { kept, dose })
        {
            (await new Shop(op).CompleteAsync(booking)).Is(HttpStatusCode.OK);
            await customer.OnPageAsync(booking, "Completed");
        }

        Assert.Equal("Approved", await customer.PaymentAsync(kept));
        // A merchant could not take back what is confirmed; where there is none any more it may be what is left to do.
        await IsRefusedAsync(customer, undone, "The restaurant has closed.");
        await IsRefusedAsync(customer, open, "The restaurant has closed.");
        await op.FindsAllInOrderAsync(Eventually.Usual);
    }

    [Fact]
    public async Task Visits_are_completed_or_refused_by_the_operator()
    {
        var (op, customer, merchant) = (await mall.OperatorAsync(), await mall.NewCustomerAsync(), await IsMadeAsync("merchant"));
        var offer = await new Shop(merchant).SellVisitsAsync($"Visit {Guid.NewGuid():N}", 5);
        await new Shop(merchant).AddWorkerAsync("Kim");
        var made = await customer.PlaceAsync(offer);
        await new Shop(merchant).SendsAsync(made);
        var waiting = await customer.PlaceAsync(offer);
        await new Shop(merchant).InBookAsync(waiting, "Received");
        await customer.SeesAsync(made, "Assigned");
        await LosesAsync(merchant);

        (await new Shop(merchant).CompleteVisitAsync(made)).IsProblem(HttpStatusCode.Forbidden, "forbidden");
        Assert.Equal(
            new[] { (made, "Assigned"), (waiting, "Waiting") },
            (await op.ListAsync($"/api/assignments?merchantId={merchant.Id}")).Select(visit => (visit.GetProperty("orderId").GetGuid(), visit.GetProperty("status").GetString()!)).OrderBy(visit => visit.Item2));
        (await new Shop(op).CompleteVisitAsync(made)).Is(HttpStatusCode.OK);
        await customer.OnPageAsync(made, "Completed");
        // Whoever was sent is free, and goes on to who waits: until the operator refuses that.
        await new Shop(op).SendsAsync(waiting);
        await customer.SeesAsync(waiting, "Assigned");
        await IsRefusedAsync(customer, waiting, "Nobody comes any more.");
        Assert.Equal("Stopped", (await op.GetAsync($"/api/assignments/{waiting}")).Is(HttpStatusCode.OK)["status"]);
        await op.FindsAllInOrderAsync(Eventually.Usual);
    }

    [Fact]
    public async Task An_operator_sees_what_is_to_be_decided_and_no_phone_number_and_nobody_else_sees_anothers()
    {
        var (op, customer, merchant, other) = (await mall.OperatorAsync(), await mall.NewCustomerAsync(), await IsMadeAsync("merchant"), await IsMadeAsync("merchant"));
        await new Shop(merchant).AddWorkerAsync("Lee");
        var visit = await customer.PlaceAsync(await new Shop(merchant).SellVisitsAsync($"Visit {Guid.NewGuid():N}", 1));
        await new Shop(merchant).SendsAsync(visit);
        foreach (var list in new[] { "/api/store/orders", "/api/assignments" })
        {
            Assert.Equal(Customer.Phone, Phone((await merchant.GetAsync($"{list}/{visit}")).Is(HttpStatusCode.OK).Json));
            Assert.Equal(Customer.Phone, Phone(Assert.Single(await merchant.ListAsync($"{list}?merchantId={merchant.Id}"))));
            Assert.Null(Phone((await op.GetAsync($"{list}/{visit}")).Is(HttpStatusCode.OK).Json));
            Assert.Null(Phone(Assert.Single(await op.ListAsync($"{list}?merchantId={merchant.Id}"))));
            Assert.Empty(await op.ListAsync($"{list}?merchantId={other.Id}"));
            Assert.Empty(await op.ListAsync(list));
            (await other.GetAsync($"{list}/{visit}")).IsProblem(HttpStatusCode.NotFound, "not-found");
            var refused = (await other.GetAsync($"{list}?merchantId={merchant.Id}")).IsProblem(HttpStatusCode.BadRequest, "validation");
            Assert.True(refused.Json.GetProperty("errors").TryGetProperty("merchantId", out _));
            (await op.GetAsync($"{list}?merchantId=%00")).IsProblem(HttpStatusCode.BadRequest, "validation");
        }

        (await new Shop(merchant).CompleteVisitAsync(visit)).Is(HttpStatusCode.OK);

        static string? Phone(JsonElement work) => work.GetProperty("phone").GetString();
    }

    private async Task<Customer> IsMadeAsync(string role)
    {
        var person = await mall.NewCustomerAsync();
        (await (await mall.OperatorAsync()).PutAsync($"/api/ops/accounts/{person.Id}/roles", new { roles = new[] { "customer", role } })).Is(HttpStatusCode.OK);
        return person;
    }

    private async Task LosesAsync(params Customer[] people)
    {
        foreach (var person in people)
            (await (await mall.OperatorAsync()).PutAsync($"/api/ops/accounts/{person.Id}/roles", new { roles = AsCustomer })).Is(HttpStatusCode.OK);
    }

    // The customer is told why, and what was paid goes back.
    private async Task IsRefusedAsync(Customer customer, Guid order, string why)
    {
        Assert.Equal("Rejected", (await new Shop(await mall.OperatorAsync()).RejectAsync(order, why)).Is(HttpStatusCode.OK)["status"]);
        await customer.OnPageAsync(order, "Rejected");
        var seen = (await customer.GetAsync($"/api/orders/{order}")).Is(HttpStatusCode.OK);
        Assert.Contains(why, seen["reason"], StringComparison.Ordinal);
        if (seen.Json.GetProperty("prepaid").GetDecimal() > 0)
            await Eventually.Is("Refunded", () => customer.PaymentAsync(order));
    }
}
