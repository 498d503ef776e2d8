using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Npgsql;
using OrderMall.Contracts.Calls;
using OrderMall.PaymentProvider;

namespace OrderMall.Services.Tests;

[Collection(ServiceCollection.Name)]
public sealed class PaymentProviderTests(RunningService<PaymentProviderService> provider) : IClassFixture<RunningService<PaymentProviderService>>
{
    [Theory]
    [InlineData(3703.5, "KRW", "amount")]
    [InlineData(0.01, "JPY", "amount")]
    [InlineData(0, "KRW", "amount")]
    [InlineData(-1, "KRW", "amount")]
    [InlineData(1.2345, "BHD", "amount")]
    [InlineData(100, "ZZZ", "currency")]
    public async Task What_is_no_amount_is_not_charged(double amount, string currency, string field)
    {
        var charge = new ProviderCharge(Guid.NewGuid(), (decimal)amount, currency, "card_ok");
        using var refused = await provider.Internal.PostAsJsonAsync("/provider/charges", charge);
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        var errors = (await refused.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("errors").EnumerateObject().Select(error => error.Name);
        Assert.Equal([field], errors);
        Assert.Equal(ProviderOutcome.Unknown, (await provider.AskAsync<ProviderAnswer>("/provider/lookups", new ProviderKey(charge.Key))).Outcome);
    }

    [Theory]
    [InlineData(3703, "KRW")]
    [InlineData(9.99, "USD")]
    [InlineData(1.234, "BHD")]
    [InlineData(1.2345, "CLF")]
    public async Task An_amount_is_charged_and_given_back_to_its_last_decimal(double amount, string currency)
    {
        var key = Guid.NewGuid();
        Assert.Equal(ProviderOutcome.Approved, (await provider.AskAsync<ProviderAnswer>("/provider/charges", new ProviderCharge(key, (decimal)amount, currency, "card_ok"))).Outcome);
        Assert.Equal(new ProviderAnswer(ProviderOutcome.Refunded, (decimal)amount), await provider.AskAsync<ProviderAnswer>("/provider/refunds", new ProviderKey(key)));
    }

    [Fact]
    public async Task Keys_for_which_no_money_was_taken_are_forgotten_after_a_week()
    {
        var (declined, taken) = (Guid.NewGuid(), Guid.NewGuid());
        await provider.AskAsync<ProviderAnswer>("/provider/charges", new ProviderCharge(declined, 100, "KRW", "card_declined"));
        await provider.AskAsync<ProviderAnswer>("/provider/charges", new ProviderCharge(taken, 100, "KRW", "card_ok"));
        await using var database = NpgsqlDataSource.Create(provider.ConnectionString);
        await using (var command = database.CreateCommand("UPDATE charge SET updated_at = now() - interval '8 days'"))
            await command.ExecuteNonQueryAsync();

        var replica = await provider.StartReplicaAsync();
        await Eventually.BecomesAsync(ProviderOutcome.Unknown, () => OutcomeAsync(declined));
        await provider.StopReplicaAsync(replica);
        Assert.Equal(ProviderOutcome.Approved, await OutcomeAsync(taken));

        async Task<ProviderOutcome> OutcomeAsync(Guid key) => (await provider.AskAsync<ProviderAnswer>("/provider/lookups", new ProviderKey(key))).Outcome;
    }
}
