using System.Net;
using OrderMall.Mall.Tests.Opening;

namespace OrderMall.Mall.Tests.Faults;

/// <summary>Titles are withdrawn and decided on while somebody who has to do with them is unreachable.</summary>
[Collection(AloneCollection.Name)]
public sealed class TitleFaultTests(MallFixture mall) : IClassFixture<MallFixture>
{
    private readonly string _title = $"Azaleas {Guid.NewGuid():N}";

    [TheoryNeeding(Need.Faults)]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_title_is_withdrawn_while_the_store_is_down_and_its_review_when_that_is_back(bool isApproved)
    {
        var (publisher, reviewer, op) = (await mall.PublisherAsync(), await mall.ReviewerAsync(), await mall.OperatorAsync());
        var title = await publisher.SubmitAsync(_title);
        await reviewer.SeesAsync(title, "Pending");
        if (isApproved)
        {
            (await reviewer.ApproveAsync(title)).Is(HttpStatusCode.OK);
            await Eventually.Is(HttpStatusCode.OK, async () => (await mall.Anyone.GetAsync($"/api/offers/{title}")).Status);
        }

        await using (var absence = await op.StopAsync("store"))
        {
            Assert.Equal("Cancelled", (await publisher.WithdrawAsync(title)).Is(HttpStatusCode.OK)["status"]);
            await publisher.OnPageAsync(title, "Cancelled");
            await publisher.IsToldOnceAsync(_title, "withdrawn");
            await Eventually.Is(HttpStatusCode.NotFound, async () => (await mall.Anyone.GetAsync($"/api/offers/{title}")).Status);
        }

        await reviewer.SeesAsync(title, "Withdrawn");
        (await reviewer.ApproveAsync(title)).Is(HttpStatusCode.Conflict);
        await op.FindsAllInOrderAsync();
    }

    [TheoryNeeding(Need.Faults)]
    [InlineData("publishing")]
    [InlineData("catalog")]
    [InlineData("mypage")]
    [InlineData("notification")]
    public async Task A_title_approved_while_a_service_is_down_is_on_sale_and_on_its_publishers_page_when_that_is_back(string appId)
    {
        var (publisher, reviewer, op) = (await mall.PublisherAsync(), await mall.ReviewerAsync(), await mall.OperatorAsync());
        var title = await publisher.SubmitAsync(_title);
        await reviewer.SeesAsync(title, "Pending");
        await using (var absence = await op.StopAsync(appId))
            (await reviewer.ApproveAsync(title)).Is(HttpStatusCode.OK);

        await publisher.OnPageAsync(title, "Approved");
        await Eventually.Is(HttpStatusCode.OK, async () => (await mall.Anyone.GetAsync($"/api/offers/{title}")).Status);
        await publisher.IsToldOnceAsync(_title, "approved");
        await reviewer.SeesAsync(title, "Approved");
        await op.FindsAllInOrderAsync();
    }

    [FactNeeding(Need.Faults)]
    public async Task A_title_approved_while_publishing_is_down_and_withdrawn_as_soon_as_it_is_back_ends_in_one_agreed_state()
    {
        var (publisher, reviewer, op) = (await mall.PublisherAsync(), await mall.ReviewerAsync(), await mall.OperatorAsync());
        var title = await publisher.SubmitAsync(_title);
        await reviewer.SeesAsync(title, "Pending");
        await using (var absence = await op.StopAsync("publishing"))
            (await reviewer.ApproveAsync(title)).Is(HttpStatusCode.OK);

        var withdrawal = await publisher.WithdrawAsync(title);
        Assert.True(withdrawal.Status is HttpStatusCode.OK or HttpStatusCode.Conflict, withdrawal.ToString());
        var isWithdrawn = withdrawal.Status == HttpStatusCode.OK;
        await publisher.OnPageAsync(title, isWithdrawn ? "Cancelled" : "Approved");
        await reviewer.SeesAsync(title, isWithdrawn ? "Withdrawn" : "Approved");
        await op.FindsAllInOrderAsync();
    }
}
