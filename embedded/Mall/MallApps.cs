using OrderMall.ServiceDefaults;

namespace OrderMall.Mall;

/// <summary>A service of the mall, as the embedded mall sees it.</summary>
/// <param name="AppId">Its Dapr app id.</param>
/// <param name="Assembly">The assembly it is the program of.</param>
/// <param name="HasDatabase">Whether it keeps tables.</param>
/// <param name="Create">Makes it in this process from its configuration.</param>
internal sealed record MallApp(string AppId, string Assembly, bool HasDatabase, Func<string[], WebApplication> Create)
{
    /// <summary>The name of its database.</summary>
    public string Database => AppId.Replace('-', '_');
}

/// <summary>The services of the mall: a new one is a line here.</summary>
internal static class MallApps
{
    public static readonly IReadOnlyList<MallApp> All =
    [
        Of<Ordering.OrderingService>(),
        Of<Catalog.CatalogService>(),
        Of<Payment.PaymentService>(),
        Of<PaymentProvider.PaymentProviderService>(),
        Of<Store.StoreService>(),
        Of<Delivery.DeliveryService>(),
        Of<Dispatch.DispatchService>(),
        Of<Publishing.PublishingService>(),
        Of<Notification.NotificationService>(),
        Of<MyPage.MyPageService>(hasDatabase: false),
        Of<Gateway.GatewayService>(),
    ];

    private static MallApp Of<TService>(bool hasDatabase = true)
        where TService : IMallService =>
        new(TService.AppId, typeof(TService).Assembly.GetName().Name!, hasDatabase, ServiceHost.Create<TService>);
}
