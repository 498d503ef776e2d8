using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using OrderMall.Contracts.Calls;
using OrderMall.Payment;
using OrderMall.PaymentProvider;
using OrderMall.ServiceDefaults;

namespace OrderMall.Services.Tests;

/// <summary>Without a demo nothing stands in for the payment provider: payment asks the one it is told of, at its own address.</summary>
[Collection(ServiceCollection.Name)]
public sealed class ExternalProviderTests(ServiceFixture fixture) : IAsyncLifetime
{
    private const string Key = "sk-the-key-of-the-mall";
    private readonly ConcurrentQueue<(string Path, string Authorization)> _asked = [];
    private WebApplication _provider = null!;
    private Func<HttpContext, Task> _answer = context => context.Response.WriteAsJsonAsync(new ProviderAnswer(ProviderOutcome.Approved, 0));

    public async Task InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder(["--urls", "http://127.0.0.1:0"]);
        builder.Logging.ClearProviders();
        _provider = builder.Build();
        _provider.Run(context =>
        {
            _asked.Enqueue((context.Request.Path, context.Request.Headers.Authorization.ToString()));
            return _answer(context);
        });
        await _provider.StartAsync();
    }

    public async Task DisposeAsync() => await _provider.DisposeAsync();

    [Fact]
    public async Task It_is_asked_at_its_address_with_its_key_which_is_told_nobody()
    {
        var payment = new RunningService<PaymentService>(fixture) { Settings = ["Mall:Demo=false", $"PaymentProvider:Address={_provider.Urls.First()}/v1", $"PaymentProvider:Key={Key}", "Logging:LogLevel:Default=Trace"] };
        await payment.InitializeAsync();
        try
        {
            Assert.Equal(ChargeOutcome.Approved, await ChargeAsync());
            Assert.Equal([("/v1/provider/charges", $"Bearer {Key}")], _asked);

            // Neither a failure nor an answer that is none says that there was no charge, and after five nobody is asked for a while.
            _answer = context => context.Response.WriteAsync("no JSON");
            Assert.Equal(ChargeOutcome.Unknown, await ChargeAsync());
            _answer = context =>
            {
                context.Response.Redirect("/elsewhere");
                return Task.CompletedTask;
            };
            for (var i = 0; i < 5; i++)
                Assert.Equal(ChargeOutcome.Unknown, await ChargeAsync());
            var asked = _asked.Count(call => call.Path == "/v1/provider/charges");
            Assert.Equal(ChargeOutcome.Unknown, await ChargeAsync());
            Assert.Equal(asked, _asked.Count(call => call.Path == "/v1/provider/charges"));
            Assert.All(_asked, call => Assert.StartsWith("/v1/provider/", call.Path, StringComparison.Ordinal));
            Assert.DoesNotContain(payment.Logs.GetSnapshot(), entry => $"{entry.Message}{entry.Exception}".Contains(Key, StringComparison.Ordinal));
        }
        finally
        {
            await payment.DisposeAsync();
        }

        async Task<ChargeOutcome> ChargeAsync() => (await payment.AskAsync<ChargeAnswer>("/charges", new ChargeRequest(Guid.CreateVersion7(), "alice", 100, "KRW", "card"))).Outcome;
    }

    [Theory]
    [InlineData("PaymentProvider:Address is not set")]
    [InlineData("PaymentProvider:Address is not set", "PaymentProvider:Key=secret-1")]
    [InlineData("PaymentProvider:Key is not set", "PaymentProvider:Address=https://payments.example.com")]
    [InlineData("PaymentProvider:Key is not set, or has other letters", "PaymentProvider:Address=https://payments.example.com", "PaymentProvider:Key=secret-1\r\nX: y")]
    [InlineData("PaymentProvider:Address must be an https address", "PaymentProvider:Address=http://payments.example.com", "PaymentProvider:Key=secret-1")]
    [InlineData("PaymentProvider:Address must be an https address", "PaymentProvider:Address=https://me:secret-1@payments.example.com", "PaymentProvider:Key=secret-1")]
    [InlineData("PaymentProvider:Address must be an https address", "PaymentProvider:Address=payments", "PaymentProvider:Key=secret-1")]
    [InlineData("PaymentProvider:Address is set, and there is a demo", "Mall:Demo=true", "PaymentProvider:Address=https://payments.example.com", "PaymentProvider:Key=secret-1")]
    public void Payment_does_not_start_without_being_told_of_it(string message, params string[] settings)
    {
        var mistake = Refused<PaymentService>(settings);
        Assert.Contains(message, mistake, StringComparison.Ordinal);
        Assert.DoesNotContain("secret-1", mistake, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_mall_that_takes_no_payments_has_no_provider_and_says_of_no_charge_that_it_was_made()
    {
        var payment = new RunningService<PaymentService>(fixture) { Settings = ["Mall:Demo=false", "Mall:Payments=false"] };
        await payment.InitializeAsync();
        try
        {
            var charge = new ChargeRequest(Guid.CreateVersion7(), "alice", 100, "KRW", "card");
            Assert.Equal(ChargeOutcome.Unknown, (await payment.AskAsync<ChargeAnswer>("/charges", charge)).Outcome);
        }
        finally
        {
            await payment.DisposeAsync();
        }
    }

    [Fact]
    public void The_stand_in_does_not_start_without_a_demo() =>
        Assert.Contains("payment-provider: there is no demo (Mall:Demo)", Refused<PaymentProviderService>(), StringComparison.Ordinal);

    // In Production, which is where nothing says otherwise.
    private static string Refused<TService>(params string[] settings)
        where TService : IMallService => Assert.Throws<InvalidOperationException>(() => ServiceHost.Create<TService>(
            ["--DAPR_GRPC_PORT=50001", "--APP_API_TOKEN=token", $"--ConnectionStrings:{TService.AppId}=Host=127.0.0.1", .. settings])).Message;
}
