using OrderMall.Contracts;
using OrderMall.ServiceDefaults;

namespace OrderMall.Mall;

/// <summary>A service of the mall, as the embedded mall sees it.</summary>
/// <param name="AppId">Its Dapr app id.</param>
/// <param name="Program">The assembly it is the program of, or its Python script below the folder of this program.</param>
/// <param name="HasDatabase">Whether it keeps tables.</param>
/// <param name="Create">Makes it in this process from its configuration; <see langword="null"/> for a Python script, which is always a process of its own.</param>
/// <param name="Joins">
/// The part of the public API that it brings along, for anyone to read, as the first part of the path after <c>/api/</c>: such a service
/// the mall can do without. <see langword="null"/> for those that the gateway and operations know by themselves.
/// </param>
internal sealed record MallApp(string AppId, string Program, bool HasDatabase = false, Func<string[], WebApplication>? Create = null, string? Joins = null)
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
        Of<Operations.OperationsService>(hasDatabase: false),
        Of<Gateway.GatewayService>(),
        new(AppIds.Marketing, "Marketing/marketing.py", Joins: "recommendations"),
    ];

    private static MallApp Of<TService>(bool hasDatabase = true)
        where TService : IMallService =>
        new(TService.AppId, typeof(TService).Assembly.GetName().Name!, hasDatabase, ServiceHost.Create<TService>);
}
