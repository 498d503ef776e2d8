using System.Net;

namespace OrderMall.AppHost.Tests.Marketing;

/// <summary>The mall does not need marketing: in one process it is without it at all.</summary>
[Collection(AppHostCollection.Name)]
public sealed class MissingMarketingTests(OpenAppHost mall)
{
    [PythonFact]
    public async Task Orders_are_taken_while_marketing_is_down_and_count_once_when_it_is_back()
    {
        var (shop, one, other, op) = (await mall.BookshopAsync(), await mall.NewCustomerAsync(), await mall.NewCustomerAsync(), await mall.OperatorAsync());
        var kind = $"kind-{Guid.NewGuid():N}";
        var (emma, dracula) = (await shop.SellAsync(kind, "Emma"), await shop.SellAsync(kind, "Dracula"));
        var popular = $"?kind={kind}";
        await one.PlaceAsync(emma);
        await mall.Anyone.IsRecommendedAsync(popular, "Emma 1");
        await using (var absence = await op.StopAsync("marketing"))
        {
            (await mall.Anyone.GetAsync("/api/recommendations" + popular)).IsProblem(HttpStatusCode.ServiceUnavailable, "unavailable");
            foreach (var (customer, offer) in new[] { (one, dracula), (other, emma), (other, dracula), (other, emma) })
                await customer.SeesAsync(await customer.PlaceAsync(offer), "Confirmed");
        }

        await mall.Anyone.IsRecommendedAsync(popular, "Emma 3", "Dracula 2");
        // Once more, with nothing left to tell.
        await using (var absence = await op.StopAsync("marketing"))
            await absence.EndAsync();
        await mall.Anyone.IsRecommendedAsync(popular, "Emma 3", "Dracula 2");
        await mall.Anyone.IsRecommendedAsync($"?offerId={dracula}", "Emma 3");
        await op.FindsAllInOrderAsync();
    }
}
