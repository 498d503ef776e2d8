using OrderMall.Contracts;

namespace OrderMall.Gateway;

/// <summary>Which service answers what.</summary>
/// <param name="Prefix">The first part of the path after <c>/api/</c>.</param>
/// <param name="AppId">The service.</param>
/// <param name="AnyoneMayRead">Whether nobody needs to sign in for GET.</param>
/// <param name="Role">Who may; <see langword="null"/> where the service itself decides.</param>
internal sealed record Route(string Prefix, string AppId, bool AnyoneMayRead = false, string? Role = null);

/// <summary>The public API behind the gateway.</summary>
internal static class Routes
{
    public static readonly IReadOnlyList<Route> All =
    [
        new("offers", AppIds.Catalog, AnyoneMayRead: true),
        new("orders", AppIds.Ordering),
        new("payments", AppIds.Payment),
        new("mypage", AppIds.MyPage),
        new("notifications", AppIds.Notification),
        new("store", AppIds.Store),
        new("reviews", AppIds.Store),
        new("deliveries", AppIds.Delivery),
        new("workers", AppIds.Dispatch),
        new("assignments", AppIds.Dispatch),
        new("titles", AppIds.Publishing),
        // The gateway's own endpoints under /api/ops are more specific and come first.
        new("ops", AppIds.MallControl, Role: Roles.Operator),
    ];
}
