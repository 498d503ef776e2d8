using System.Diagnostics;
using System.Net;
using System.Text.Json;

namespace OrderMall.AppHost.Tests.Faults;

/// <summary>
/// The provider took the money and nobody heard of it: its answer was late, or who had asked was killed. What became of it is found
/// by asking, or undone; the provider's ledger and the mall's own agree in the end.
/// </summary>
[Collection(AppHostCollection.Name)]
public sealed class UnknownOutcomeTests(OpenAppHost mall)
{
    private static readonly string[] Counted = ["accepted", "payments", "providerCharges", "providerRefunds"];
    private static readonly (string, string) Willing = ("Prefer", "respond-async");
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(90); // a lease of the saga, and what comes after it

    // What is counted begins with each test.
    private int[] _before = [];

    [Fact]
    public async Task A_charge_whose_answer_was_late_is_found_or_given_back()
    {
        var (op, shop, willing, unwilling) = await PeopleAsync();
        var offer = await shop.SellBookAsync(copies: 5);
        var key = ("Idempotency-Key", Guid.NewGuid().ToString());
        Guid order;
        await using (await op.ProviderIsAsync("slow", 30_000))
        {
            var answers = await Task.WhenAll(willing.OrderAsync(offer, 1, "card_ok", Willing), unwilling.OrderAsync(offer, 1, "card_ok", key));
            order = answers[0].Is(HttpStatusCode.Accepted).Json.GetProperty("id").GetGuid();
            answers[1].IsProblem(HttpStatusCode.ServiceUnavailable, "unavailable");
            Assert.Equal(2L, await ChargesAsync());
        }

        await willing.OnPageAsync(order, "Preparing");
        Assert.Empty(await unwilling.PageAsync());
        await shop.HasLeftAsync(offer, 4);
        await SettlesAsync(op, orders: 1, charges: 2, refunds: 1);

        // It was no order, so the key is free.
        (await unwilling.OrderAsync(offer, 1, "card_ok", key)).Is(HttpStatusCode.Created);
        await SettlesAsync(op, orders: 2, charges: 3, refunds: 1);
    }

    [Theory]
    [InlineData("payment")]
    [InlineData("ordering")]
    [InlineData("payment-provider")]
    public async Task A_charge_in_the_middle_of_which_somebody_was_killed_is_found_or_given_back(string appId)
    {
        var (op, shop, willing, unwilling) = await PeopleAsync();
        var offer = await shop.SellBookAsync(copies: 5);
        Answer[] answers;
        long charges;
        await using (await op.ProviderIsAsync("slow", 2_500))
        {
            Task<Answer>[] asking = [willing.OrderAsync(offer, 1, "card_ok", Willing), unwilling.OrderAsync(offer)];
            charges = await Eventually.Satisfies(ChargesAsync, charges => charges > 0 && charges >= asking.Length - asking.Count(IsRefused), "charge whoever was not refused");
            Assert.Contains(asking, answer => !answer.IsCompleted);
            var killed = Kill(appId);
            answers = await Task.WhenAll(asking);
            await mall.HasReplacedAsync(appId, killed, Settling);
        }

        // Whatever each was told holds: an order is paid for once, and what is no order has cost nothing.
        var orders = 0;
        foreach (var (customer, answer) in new[] { (willing, answers[0]), (unwilling, answers[1]) })
        {
            Assert.True(
                answer.Status is HttpStatusCode.Created or HttpStatusCode.Accepted
                || (answer.Status is HttpStatusCode.ServiceUnavailable && answer.Header("Retry-After") is not null && answer.Problem == "unavailable"),
                answer.ToString());
            if (answer.Status == HttpStatusCode.ServiceUnavailable)
                continue;
            orders++;
            await customer.OnPageAsync(answer.Json.GetProperty("id").GetGuid(), "Preparing");
            Assert.Equal("Approved", await customer.PaymentAsync(answer.Json.GetProperty("id").GetGuid()));
        }

        await SettlesAsync(op, orders, now => now.Charges >= charges && now.Charges <= 2 && now.Refunds == now.Charges - orders);
        await shop.HasLeftAsync(offer, 5 - orders);
        Assert.Equal(orders, (await willing.PageAsync()).Count + (await unwilling.PageAsync()).Count);
    }

    /// <summary>Who takes part, when all is as it should be.</summary>
    private async Task<(Operator Operator, Shop Shop, Customer Willing, Customer Unwilling)> PeopleAsync()
    {
        // Circuits that the test before has opened may be open still. Whoever finds out is none of those whose orders are counted.
        await mall.IsWellAsync();
        var op = await mall.OperatorAsync();
        _before = Counts(await Eventually.Satisfies(
            () => op.FindsAllInOrderAsync(Settling), counts => counts.GetProperty("inFlight").GetInt32() == 0, "have no order in flight", Settling));
        return (op, await mall.BookshopAsync(), await mall.NewCustomerAsync(), await mall.NewCustomerAsync());
    }

    private static bool IsRefused(Task<Answer> answer) => answer is { IsCompletedSuccessfully: true, Result.IsUnreachable: true };

    /// <summary>Kills every instance of a service: one of them was asking. The mall starts them again.</summary>
    /// <returns>The processes that they were.</returns>
    private IReadOnlyList<int> Kill(string appId)
    {
        var ids = mall.Mall.ProcessIds(appId);
        Assert.Equal(mall.Mall.InstancesOf(appId), ids.Count);
        foreach (var id in ids)
        {
            using var process = Process.GetProcessById(id);
            process.Kill();
        }

        return ids;
    }

    /// <summary>How often the provider took money.</summary>
    private async Task<long> ChargesAsync() => await mall.CountAsync("payment-provider", "charge WHERE amount > 0") - _before[2];

    /// <summary>Waits until everything agrees, and every charge is an order's or was given back.</summary>
    private Task SettlesAsync(Operator op, int orders, int charges, int refunds) => SettlesAsync(op, orders, now => now == (charges, refunds));

    private Task SettlesAsync(Operator op, int orders, Func<(int Charges, int Refunds), bool> isRight) => Eventually.Satisfies(
        async () =>
        {
            var audit = await op.FindsAllInOrderAsync(Settling);
            int[] now = [.. Counts(audit).Zip(_before, (count, before) => count - before)];
            return (Orders: now[0], Payments: now[1], Charges: now[2], Refunds: now[3], InFlight: audit.GetProperty("inFlight").GetInt32());
        },
        seen => (seen.Orders, seen.Payments, seen.InFlight) == (orders, orders, 0) && isRight((seen.Charges, seen.Refunds)),
        $"have {orders} orders, each paid for, and every other charge given back",
        Settling);

    private static int[] Counts(JsonElement counts) => [.. Counted.Select(name => counts.GetProperty(name).GetInt32())];
}
