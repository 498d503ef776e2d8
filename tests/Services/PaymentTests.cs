using System.Collections.Concurrent;
using Microsoft.AspNetCore.Http;
using Npgsql;
using OrderMall.Contracts;
using OrderMall.Contracts.Calls;
using OrderMall.Contracts.Events;
using OrderMall.Payment;

namespace OrderMall.Services.Tests;

[Collection(ServiceCollection.Name)]
public sealed class PaymentTests(RunningService<PaymentService> payment) : IClassFixture<RunningService<PaymentService>>, IAsyncLifetime
{
    // The provider as it is documented to its callers: one outcome per key.
    private readonly ConcurrentDictionary<Guid, ProviderAnswer> _ledger = new();
    private volatile bool _losesAnswers;
    private volatile bool _isDown;
    private int _charges;

    public Task InitializeAsync()
    {
        payment.Sidecar.Called["payment-provider/provider/charges"] = context => AnswerAsync<ProviderCharge>(context, charge =>
        {
            Interlocked.Increment(ref _charges);
            return _ledger.GetOrAdd(charge.Key, charge.PaymentMethod == "card_ok"
                ? new ProviderAnswer(ProviderOutcome.Approved, 0)
                : new ProviderAnswer(ProviderOutcome.Declined, 0));
        });
        payment.Sidecar.Called["payment-provider/provider/refunds"] = context => AnswerAsync<ProviderKey>(context, refund =>
            _ledger.AddOrUpdate(refund.Key, new ProviderAnswer(ProviderOutcome.Refunded, 0), (_, before) =>
                before.Outcome == ProviderOutcome.Approved ? new ProviderAnswer(ProviderOutcome.Refunded, 100) : before));
        payment.Sidecar.Called["payment-provider/provider/lookups"] = context => AnswerAsync<ProviderKey>(context, lookup =>
            _ledger.GetValueOrDefault(lookup.Key, new ProviderAnswer(ProviderOutcome.Unknown, 0)));
        return Task.CompletedTask;
    }

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task An_order_is_charged_once_however_often_it_asks()
    {
        var order = Guid.CreateVersion7();
        var answers = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => ChargeAsync(order)));
        Assert.All(answers, answer => Assert.Equal(ChargeOutcome.Approved, answer));
        Assert.Equal([PaymentEvent.Approved], (await payment.PublishedAsync(order)).Select(e => e.Type));
    }

    [Fact]
    public async Task A_declined_card_stays_declined()
    {
        var order = Guid.CreateVersion7();
        Assert.Equal(ChargeOutcome.Declined, await ChargeAsync(order, "card_declined"));
        Assert.Equal(ChargeOutcome.Declined, await ChargeAsync(order, "card_declined"));
        Assert.Equal(PaymentStatus.Declined, await StatusAsync(order));
    }

    [Fact]
    public async Task What_was_never_paid_is_deleted_after_a_week_and_what_was_is_kept()
    {
        var (paid, declined, given, fresh) = (Guid.CreateVersion7(), Guid.CreateVersion7(), Guid.CreateVersion7(), Guid.CreateVersion7());
        await ChargeAsync(paid);
        await ChargeAsync(declined, "card_declined");
        await ChargeAsync(given);
        await payment.AskAsync<RefundAnswer>("/refunds", new RefundRequest(given));
        await using var database = NpgsqlDataSource.Create(payment.ConnectionString);
        await using (var command = database.CreateCommand("UPDATE payment SET updated_at = now() - interval '8 days'"))
            await command.ExecuteNonQueryAsync();
        await ChargeAsync(fresh, "card_declined");

        var replica = await payment.StartReplicaAsync();
        await Eventually.BecomesAsync<PaymentStatus?>(null, () => StatusAsync(declined));
        await payment.StopReplicaAsync(replica);
        Assert.Equal(
            [PaymentStatus.Approved, PaymentStatus.Refunded, PaymentStatus.Declined],
            [await StatusAsync(paid), await StatusAsync(given), await StatusAsync(fresh)]);
    }

    [Fact]
    public async Task A_charge_whose_answer_was_lost_is_found_by_asking()
    {
        var order = Guid.CreateVersion7();
        _losesAnswers = true;
        Assert.Equal(ChargeOutcome.Unknown, await ChargeAsync(order));
        Assert.Equal(PaymentStatus.Pending, await StatusAsync(order));
        _losesAnswers = false;
        await Eventually.BecomesAsync<PaymentStatus?>(PaymentStatus.Approved, () => StatusAsync(order));
        Assert.Equal(1, _charges);
    }

    [Fact]
    public async Task A_charge_whose_answer_was_lost_is_given_back_when_the_order_is_withdrawn()
    {
        var order = Orders.Book();
        _losesAnswers = true;
        await ChargeAsync(order.OrderId);
        await payment.DeliverAsync(OrderEvent.Voided, order);
        _losesAnswers = false;
        await Eventually.BecomesAsync<PaymentStatus?>(PaymentStatus.Refunded, () => StatusAsync(order.OrderId));
        Assert.Equal(ProviderOutcome.Refunded, _ledger[order.OrderId].Outcome);
        Assert.Equal(ChargeOutcome.Voided, await ChargeAsync(order.OrderId));
    }

    [Fact]
    public async Task An_order_that_was_withdrawn_before_its_charge_came_is_not_charged()
    {
        var order = Guid.CreateVersion7();
        Assert.Equal(RefundOutcome.Refunded, await RefundAsync(order));
        Assert.Equal(ChargeOutcome.Voided, await ChargeAsync(order));
        Assert.Equal(new ProviderAnswer(ProviderOutcome.Refunded, 0), _ledger[order]);
    }

    [Fact]
    public async Task Charging_and_refunding_at_once_never_keeps_the_money()
    {
        var orders = Enumerable.Range(0, 30).Select(_ => Guid.CreateVersion7()).ToList();
        await Task.WhenAll(orders.SelectMany(order => new Task[] { ChargeAsync(order), RefundAsync(order) }));
        foreach (var order in orders)
        {
            await Eventually.BecomesAsync(RefundOutcome.Refunded, () => RefundAsync(order));
            Assert.NotEqual(ProviderOutcome.Approved, _ledger.GetValueOrDefault(order)?.Outcome);
        }
    }

    [Fact]
    public async Task A_refund_that_the_provider_did_not_take_is_made_when_it_is_back()
    {
        var order = Guid.CreateVersion7();
        await ChargeAsync(order);
        _isDown = true;
        Assert.Equal(RefundOutcome.Unknown, await RefundAsync(order));
        _isDown = false;
        await Eventually.BecomesAsync<PaymentStatus?>(PaymentStatus.Refunded, () => StatusAsync(order));
        Assert.Equal([PaymentEvent.Approved, PaymentEvent.Refunded], (await payment.PublishedAsync(order)).Select(e => e.Type));
    }

    [Fact]
    public async Task Nobody_sees_anothers_payment()
    {
        var order = Guid.CreateVersion7();
        await ChargeAsync(order);
        using var bob = payment.As("bob", Roles.Customer);
        using var answer = await bob.GetAsync($"/api/payments/{order}");
        Assert.Equal(System.Net.HttpStatusCode.NotFound, answer.StatusCode);
    }

    private async Task<ChargeOutcome> ChargeAsync(Guid order, string method = "card_ok") =>
        (await payment.AskAsync<ChargeAnswer>("/charges", new ChargeRequest(order, "alice", 100, "KRW", method))).Outcome;

    private async Task<RefundOutcome> RefundAsync(Guid order) =>
        (await payment.AskAsync<RefundAnswer>("/refunds", new RefundRequest(order))).Outcome;

    private async Task<PaymentStatus?> StatusAsync(Guid order) =>
        (await payment.AskAsync<List<AuditedPayment>>("/audit/payments", new AuditOrders([order]))).SingleOrDefault()?.Status;

    private async Task AnswerAsync<TQuestion>(HttpContext context, Func<TQuestion, ProviderAnswer> answer)
    {
        if (_isDown)
        {
            context.Response.StatusCode = 503;
            return;
        }

        var said = answer((await context.Request.ReadFromJsonAsync<TQuestion>())!);
        if (_losesAnswers)
            context.Response.StatusCode = 500;
        else
            await context.Response.WriteAsJsonAsync(said);
    }
}
