using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using OrderMall.MyPage;
using OrderMall.Notification;
using OrderMall.Ordering;
using OrderMall.Publishing;
using OrderMall.ServiceDefaults;

namespace OrderMall.Services.Tests;

/// <summary>A service that is not configured as it can be does not start, and says which key is wrong.</summary>
public sealed class OptionsTests
{
    [Theory]
    [InlineData("Ordering:PaymentPatience", "00:00:00")]
    [InlineData("Ordering:PaymentPatience", "8.00:00:00")]
    [InlineData("Ordering:PaymentPatience", "soon")]
    [InlineData("Ordering:UnpaidShare", "1")]
    public Task Ordering(string key, string value) => IsRefusedAsync<OrderingService>(key, value);

    [Fact]
    public Task Ordering_without_a_demo_is_told_how_people_pay() => IsRefusedAsync<OrderingService>("Ordering:PaymentMethods", "", "Mall:Demo=false");

    [Theory]
    [InlineData("card_declined,card_ok", "Mall:Demo=true")]
    [InlineData("card", "Mall:Demo=true", "Ordering:PaymentMethods:0=card")]
    [InlineData("", "Mall:Demo=false", "Mall:Payments=false")]
    [InlineData("bank,card", "Mall:Demo=false", "Ordering:PaymentMethods:0=card", "Ordering:PaymentMethods:1=bank")]
    public async Task Configured_payment_methods_take_the_place_of_the_demos(string methods, params string[] settings)
    {
        await using var app = ServiceHost.Create<OrderingService>(["--DAPR_GRPC_PORT=1", "--APP_API_TOKEN=token", "--ConnectionStrings:ordering=Host=127.0.0.1;Port=1", .. settings]);
        Assert.Equal(methods, string.Join(',', app.Services.GetRequiredService<IOptions<OrderingOptions>>().Value.PaymentMethods.Order()));
    }

    [Theory]
    [InlineData("Publishing:Currency", "")]
    [InlineData("Publishing:Currency", "won")]
    [InlineData("Publishing:Currency", "KRWX")]
    [InlineData("Publishing:Currency", "ZZZ")]
    public Task Publishing(string key, string value) => IsRefusedAsync<PublishingService>(key, value);

    [Theory]
    [InlineData("Notification:AnnouncementsPerDay", "-1")]
    public Task Notification(string key, string value) => IsRefusedAsync<NotificationService>(key, value);

    [Theory]
    [InlineData("Rebuild:Interval", "00:00:00")]
    [InlineData("Rebuild:Interval", "2.00:00:00")]
    public Task MyPage(string key, string value) => IsRefusedAsync<MyPageService>(key, value);

    private static async Task IsRefusedAsync<TService>(string key, string value, params string[] settings)
        where TService : IMallService
    {
        await using var app = ServiceHost.Create<TService>(
            ["--urls=http://127.0.0.1:0", "--DAPR_GRPC_PORT=1", "--APP_API_TOKEN=token", "--Mall:Demo=true", $"--ConnectionStrings:{TService.AppId}=Host=127.0.0.1;Port=1", $"--{key}={value}", .. settings]);
        var refused = await Assert.ThrowsAnyAsync<Exception>(() => app.StartAsync());
        Assert.True(refused is OptionsValidationException or InvalidOperationException, $"{refused}");
        Assert.Contains(key, refused.Message, StringComparison.Ordinal);
    }
}
