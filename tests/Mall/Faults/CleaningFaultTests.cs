using System.Net;
using OrderMall.Mall.Tests.Opening;

namespace OrderMall.Mall.Tests.Faults;

/// <summary>Visits are asked for and cancelled while somebody who has to do with them is unreachable.</summary>
[Collection(AloneCollection.Name)]
public sealed class CleaningFaultTests(MallFixture mall) : CleaningDay(mall)
{
    [TheoryNeeding(Need.Faults)]
    [InlineData("dispatch", "Received")]
    [InlineData("store", "Accepted")]
    public async Task Visits_are_asked_for_while_a_service_is_down_and_served_when_it_is_back(string appId, string meanwhile)
    {
        var op = await Mall.OperatorAsync();
        Guid first, second;
        await using (var absence = await op.StopAsync(appId))
        {
            (first, second) = (await RequestAsync(), await RequestAsync());
            Assert.Equal(Visits - 2, await Company.AvailableAsync(Offer));
            await Customer.OnPageAsync(first, meanwhile);
            await Customer.OnPageAsync(second, meanwhile);
        }

        await Customer.OnPageAsync(first, "Assigned");
        await Customer.OnPageAsync(second, "Assigned");
        Assert.NotEqual(await Company.SendsAsync(first), await Company.SendsAsync(second));
        await op.FindsAllInOrderAsync();
    }

    [FactNeeding(Need.Faults)]
    public async Task A_visit_cancelled_while_dispatch_is_down_is_cancelled_later_and_its_worker_gets_who_waits()
    {
        var op = await Mall.OperatorAsync();
        var visit = (await AllAreBusyAsync())[0];
        var waiting = await WaitingRequestAsync();
        await Customer.SeesAsync(visit.Request, "Assigned");
        var left = await Company.AvailableAsync(Offer);
        await using (var absence = await op.StopAsync("dispatch"))
        {
            Assert.Equal("Cancelling", (await Customer.CancelAsync(visit.Request)).Is(HttpStatusCode.Accepted)["status"]);
            await Customer.OnPageAsync(visit.Request, "Cancelling");
        }

        await Customer.OnPageAsync(visit.Request, "Cancelled");
        await Company.HasLeftAsync(Offer, left + 1);
        Assert.Equal(visit.Worker, await Company.SendsAsync(waiting));
        await Customer.OnPageAsync(waiting, "Assigned");
        await op.FindsAllInOrderAsync();
    }

    [FactNeeding(Need.Faults)]
    public async Task A_request_that_is_cancelled_before_dispatch_hears_of_it_keeps_nobody_busy()
    {
        var op = await Mall.OperatorAsync();
        Guid cancelled;
        await using (var absence = await op.StopAsync("dispatch"))
        {
            cancelled = await RequestAsync();
            (await Customer.CancelAsync(cancelled)).Is(HttpStatusCode.Accepted);
        }

        await Customer.OnPageAsync(cancelled, "Cancelled");
        await Company.HasLeftAsync(Offer, Visits);
        Assert.DoesNotContain(cancelled, (await Company.WorkersAsync()).Values.OfType<Guid>());
        await op.FindsAllInOrderAsync();
    }

    [FactNeeding(Need.Faults)]
    public async Task A_visit_that_took_place_while_ordering_was_down_cannot_be_cancelled_and_its_worker_has_gone_on()
    {
        var op = await Mall.OperatorAsync();
        var visit = (await AllAreBusyAsync())[0];
        var waiting = await WaitingRequestAsync();
        await using (var absence = await op.StopAsync("ordering"))
        {
            await CompleteAsync(visit.Request);
            Assert.Equal(visit.Worker, await Company.SendsAsync(waiting));
        }

        (await Customer.CancelAsync(visit.Request)).IsProblem(HttpStatusCode.Conflict, "too-late-to-cancel");
        await Customer.OnPageAsync(visit.Request, "Completed");
        await Customer.OnPageAsync(waiting, "Assigned");
        await op.FindsAllInOrderAsync();
    }
}
