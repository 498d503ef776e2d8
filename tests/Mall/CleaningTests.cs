using System.Globalization;
using System.Net;
using OrderMall.Mall.Tests.Opening;

namespace OrderMall.Mall.Tests;

/// <summary>A customer asks for a visit, and a worker comes.</summary>
public sealed class CleaningTests(MallFixture mall) : CleaningDay(mall)
{
    private static readonly string[] Life = ["Accepted", "Received", "Assigned", "Completed"];

    [Fact]
    public async Task A_visit_on_the_date_is_held_or_the_request_is_refused()
    {
        var late = await Mall.NewCustomerAsync();
        var (day, dayAfter) = (await Company.SellVisitsAsync(Cleaning, visits: 1), await Company.SellVisitsAsync(Cleaning, visits: 1, Shop.Day.AddDays(1)));

        await RequestAsync(Customer, day);
        (await late.OrderAsync(day)).IsProblem(HttpStatusCode.Conflict, "sold-out");

        Assert.Equal((0, 1), (await Company.AvailableAsync(day), await Company.AvailableAsync(dayAfter)));
        await RequestAsync(late, dayAfter);
        Assert.Equal(0, await Company.AvailableAsync(dayAfter));
        var nowhere = (await late.PostAsync("/api/orders", new { offerId = Offer, quantity = 1 })).IsProblem(HttpStatusCode.BadRequest, "validation");
        Assert.True(nowhere.Json.GetProperty("errors").TryGetProperty("destination", out _));
        var unreachable = (await late.PostAsync("/api/orders", new { offerId = Offer, quantity = 1, destination = Customer.Destination })).IsProblem(HttpStatusCode.BadRequest, "validation");
        Assert.True(unreachable.Json.GetProperty("errors").TryGetProperty("phone", out _));
    }

    [Fact]
    public async Task A_free_worker_is_assigned_the_customer_is_told_who_comes_and_the_visit_is_completed()
    {
        var name = $"Lee {Guid.NewGuid():N}";
        await AllAreBusyAsync();
        var worker = await Company.AddWorkerAsync(name);

        var request = await RequestAsync();
        var order = (await Customer.GetAsync($"/api/orders/{request}")).Is(HttpStatusCode.OK);
        Assert.Equal(("cleaning", Customer.Destination, "90000", "0"), (order["kind"], order["destination"], order["amount"], order["prepaid"]));

        await Customer.OnPageAsync(request, "Assigned");
        Assert.Equal(worker, await Company.SendsAsync(request));
        var assignment = (await Company.GetAsync($"/api/assignments/{request}")).Is(HttpStatusCode.OK);
        Assert.Equal(
            (request.ToString(), name, Cleaning, "A customer", Customer.Phone, Customer.Destination),
            (assignment["orderId"], assignment["workerName"], assignment["title"], assignment["customerName"], assignment["phone"], assignment["destination"]));
        Assert.Equal(request, (await Company.WorkersAsync())[worker]);
        await Customer.IsToldOnceAsync(Cleaning, name, Customer.Destination, Shop.Day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));
        var other = await Mall.ShopAsync("clinic");
        (await other.GetAsync($"/api/assignments/{request}")).IsProblem(HttpStatusCode.NotFound, "not-found");
        (await other.CompleteVisitAsync(request)).IsProblem(HttpStatusCode.NotFound, "not-found");

        await CompleteAsync(request);
        await CompleteAsync(request);

        Assert.Null((await Company.WorkersAsync())[worker]);
        var page = await Customer.OnPageAsync(request, "Completed");
        Assert.Equal(Life, Customer.Statuses(page.GetProperty("timeline")));
        Assert.Equal(Life, await Customer.HistoryAsync(request));
        (await Customer.CancelAsync(request)).IsProblem(HttpStatusCode.Conflict, "too-late-to-cancel");
        await Customer.SeesAsync(request, "Completed");
        await Company.InBookAsync(request, "Completed");
        await (await Mall.OperatorAsync()).FindsAllInOrderAsync();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task While_nobody_is_free_a_request_waits_and_gets_the_worker_of_the_visit_that_ends_or_is_cancelled(bool isCompleted)
    {
        var visit = (await AllAreBusyAsync())[0];
        var waiting = await WaitingRequestAsync();
        (await Company.CompleteVisitAsync(waiting)).Is(HttpStatusCode.Conflict);

        if (isCompleted)
            await CompleteAsync(visit.Request);
        else
            Assert.Equal("Cancelled", (await Customer.CancelAsync(visit.Request)).Is(HttpStatusCode.OK)["status"]);

        Assert.Equal(visit.Worker, await Company.SendsAsync(waiting));
        await Customer.OnPageAsync(waiting, "Assigned");
        Assert.Equal(isCompleted ? "Completed" : "Stopped", (await Company.GetAsync($"/api/assignments/{visit.Request}"))["status"]);
        await Customer.OnPageAsync(visit.Request, isCompleted ? "Completed" : "Cancelled");
        await (await Mall.OperatorAsync()).FindsAllInOrderAsync();
    }

    [Fact]
    public async Task A_new_worker_is_sent_to_who_waits()
    {
        await AllAreBusyAsync();
        var waiting = await WaitingRequestAsync();

        var added = (await Company.PostAsync("/api/workers", new { name = "Park" })).Is(HttpStatusCode.Created);

        Assert.Equal(added.Json.GetProperty("id").GetGuid(), await Company.SendsAsync(waiting));
        await Customer.OnPageAsync(waiting, "Assigned");
    }

    [Fact]
    public async Task Who_has_waited_longest_is_served_first_and_who_has_been_free_longest_goes()
    {
        var visits = await AllAreBusyAsync();
        List<Guid> waiting = [await WaitingRequestAsync(), await WaitingRequestAsync(), await WaitingRequestAsync()];

        // Not in the order in which they left.
        var back = new[] { visits[1], visits[2], visits[0] };
        for (var number = 0; number < 3; number++)
        {
            await CompleteAsync(back[number].Request);
            Assert.Equal(back[number].Worker, await Company.SendsAsync(waiting[number]));
        }

        foreach (var number in new[] { 2, 0, 1 })
            await CompleteAsync(waiting[number]);
        foreach (var number in new[] { 2, 0, 1 })
            Assert.Equal(back[number].Worker, await Company.SendsAsync(await RequestAsync()));
    }

    [Fact]
    public async Task A_request_that_is_cancelled_while_it_waits_is_passed_over()
    {
        var visit = (await AllAreBusyAsync())[0];
        var (cancelled, next) = (await WaitingRequestAsync(), await WaitingRequestAsync());

        Assert.Equal("Cancelled", (await Customer.CancelAsync(cancelled)).Is(HttpStatusCode.OK)["status"]);
        await CompleteAsync(visit.Request);

        Assert.Equal(visit.Worker, await Company.SendsAsync(next));
        Assert.Equal("Stopped", (await Company.GetAsync($"/api/assignments/{cancelled}"))["status"]);
        Assert.Equal(["Accepted", "Received", "Cancelled"], await Customer.HistoryAsync(cancelled));
    }

    [Fact]
    public async Task However_many_ask_at_once_no_worker_has_two_visits_and_everybody_is_served_once()
    {
        var customers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Mall.NewCustomerAsync()));
        var requests = await Task.WhenAll(Enumerable.Range(0, 24).Select(number => RequestAsync(customers[number % customers.Length])));

        var left = requests.ToHashSet();
        while (left.Count > 0)
        {
            var sent = await Eventually.Satisfies(SentAsync, sent => sent.Count > 0, "send somebody to those who wait");
            Assert.Distinct(sent.Select(visit => visit.Worker));
            await Task.WhenAll(sent.Select(visit => CompleteAsync(visit.Request)));
            left.ExceptWith(sent.Select(visit => visit.Request));
        }

        for (var number = 0; number < requests.Length; number++)
        {
            var customer = customers[number % customers.Length];
            await customer.SeesAsync(requests[number], "Completed");
            Assert.Equal(Life, await customer.HistoryAsync(requests[number]));
        }

        await (await Mall.OperatorAsync()).FindsAllInOrderAsync();

        async Task<List<(Guid Request, Guid Worker)>> SentAsync() =>
            [.. (await Company.ListAsync("/api/assignments?status=Assigned")).Select(visit => (visit.GetProperty("orderId").GetGuid(), visit.GetProperty("workerId").GetGuid()))];
    }
}
