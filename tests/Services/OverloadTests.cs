using Microsoft.Extensions.Configuration;
using OrderMall.Gateway.Limits;
using OrderMall.Ordering;

namespace OrderMall.Services.Tests;

/// <summary>More than can be done at once: who waits, who is refused, and how soon all is as before.</summary>
public sealed class OverloadTests
{
    private readonly ManualTime _time = new();

    [Fact]
    public async Task So_many_are_let_in_some_wait_and_the_next_is_refused_at_once()
    {
        var budget = new Budget(new BudgetSize(AtOnce: 2, Waiting: 1), _time);
        Assert.True(await budget.EnterAsync(default));
        Assert.True(await budget.EnterAsync(default));
        var third = budget.EnterAsync(default).AsTask();
        Assert.False(third.IsCompleted);
        var fourth = budget.EnterAsync(default);
        Assert.True(fourth.IsCompleted);
        Assert.False(await fourth);

        budget.Leave(_time.GetTimestamp(), failed: false);
        Assert.True(await third);
    }

    [Fact]
    public async Task Who_left_while_waiting_takes_nobodys_place()
    {
        var budget = new Budget(new BudgetSize(AtOnce: 1, Waiting: 2), _time);
        Assert.True(await budget.EnterAsync(default));
        using var leaves = new CancellationTokenSource();
        var second = budget.EnterAsync(leaves.Token).AsTask();
        var third = budget.EnterAsync(default).AsTask();
        await leaves.CancelAsync();
        Assert.False(await second);
        budget.Leave(_time.GetTimestamp(), failed: false);
        Assert.True(await third);
    }

    [Fact]
    public async Task Failures_that_come_late_let_fewer_in_and_successes_all_again()
    {
        var budget = new Budget(new BudgetSize(AtOnce: 10, Waiting: 0), _time);
        await FailAsync(TimeSpan.Zero);
        Assert.Equal(10, budget.Limit); // a quick refusal says nothing of how much there is to do
        await FailAsync(TimeSpan.FromMilliseconds(1_100));
        Assert.Equal(8, budget.Limit);
        for (var i = 0; i < 30; i++)
        {
            Assert.True(await budget.EnterAsync(default));
            budget.Leave(_time.GetTimestamp(), failed: false);
        }

        Assert.Equal(10, budget.Limit);

        async Task FailAsync(TimeSpan after)
        {
            _time.Advance(TimeSpan.FromMilliseconds(1)); // whoever was inside when fewer were let in does not count again
            Assert.True(await budget.EnterAsync(default));
            var entered = _time.GetTimestamp();
            _time.Advance(after);
            budget.Leave(entered, failed: true);
        }
    }

    [Fact]
    public async Task So_many_are_refused_at_once_and_the_others_after_a_pause()
    {
        using var refusals = new Refusals(_time);
        var atOnce = 0;
        Task paced;
        for (paced = Task.CompletedTask; paced.IsCompleted; atOnce++)
            paced = refusals.PaceAsync(default).AsTask();
        Assert.InRange(atOnce, 200, 100_000);
        _time.Advance(TimeSpan.FromMilliseconds(100));
        await paced;
    }

    [Theory]
    [InlineData("Gateway:Budgets:Orders:AtOnce", "0")]
    [InlineData("Gateway:Budgets:Orders:Waiting", "many")]
    [InlineData("Gateway:Budgets:Orders:Most", "1")]
    [InlineData("Gateway:Budgets:Nothing:AtOnce", "1")]
    public void A_mistake_in_a_budget_is_told_by_its_key(string key, string value)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?> { [key] = value }).Build();
        var mistake = Assert.Throws<InvalidOperationException>(() => BudgetSizes.Of(configuration));
        Assert.Contains(string.Join(':', key.Split(':')[..3]), mistake.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void While_payments_circuit_is_open_what_is_prepaid_is_refused_but_for_one_in_each_moment()
    {
        var (circuit, book, dose) = (new PaymentCircuit(_time), Guid.NewGuid(), Guid.NewGuid());
        circuit.Asking(book);
        Assert.False(circuit.Refuses(book));
        circuit.IsOpen();
        Assert.True(circuit.Refuses(book));
        Assert.False(circuit.Refuses(dose)); // nothing was ever paid for it
        _time.Advance(TimeSpan.FromMilliseconds(400));
        Assert.True(circuit.Refuses(book));
        _time.Advance(TimeSpan.FromMilliseconds(700));
        Assert.False(circuit.Refuses(book));
        Assert.True(circuit.Refuses(book)); // that one finds out
        _time.Advance(TimeSpan.FromSeconds(3)); // nobody came: it says nothing of now
        Assert.False(circuit.Refuses(book));
        Assert.False(circuit.Refuses(book));
        circuit.IsOpen();
        circuit.IsClosed();
        Assert.False(circuit.Refuses(book));
    }
}
