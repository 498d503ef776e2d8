using OrderMall.ServiceDefaults;
using OrderMall.ServiceDefaults.Api;

namespace OrderMall.Contracts;

/// <summary>The Dapr app ids of the mall's services.</summary>
public static class AppIds
{
    /// <summary>The public door.</summary>
    public const string Gateway = GatewayIdentity.GatewayAppId;

    /// <summary>The screens: a client of the public API.</summary>
    public const string Web = "web";

    /// <summary>The operators' side: audit, alarms, dead letters, republishing.</summary>
    public const string Operations = ServiceHost.OperationsAppId;

    /// <summary>Orders and their saga.</summary>
    public const string Ordering = "ordering";

    /// <summary>Offers, their capacity and the holds on it.</summary>
    public const string Catalog = "catalog";

    /// <summary>Payments, deposits and refunds.</summary>
    public const string Payment = "payment";

    /// <summary>The stand-in for the third party that moves the money.</summary>
    public const string PaymentProvider = "payment-provider";

    /// <summary>The merchants' order book.</summary>
    public const string Store = "store";

    /// <summary>Parcels.</summary>
    public const string Delivery = "delivery";

    /// <summary>Workers and whom they are sent to.</summary>
    public const string Dispatch = "dispatch";

    /// <summary>Publishers' registrations of new titles.</summary>
    public const string Publishing = "publishing";

    /// <summary>Recommendations; written in Python, and optional.</summary>
    public const string Marketing = "marketing";

    /// <summary>Messages to people.</summary>
    public const string Notification = "notification";

    /// <summary>Each person's view of their orders and titles.</summary>
    public const string MyPage = "mypage";

    /// <summary>The controls of a mall on one machine (stop and start services, circuit states); not there elsewhere.</summary>
    public const string MallControl = "mall-control";
}
