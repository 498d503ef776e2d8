namespace OrderMall.Contracts.Events;

/// <summary>The mall's topics. Each has one publisher; an owner has several where its events have different subscribers.</summary>
public static class Topics
{
    /// <summary>Orders that were accepted: the beginning of everything else; published by <see cref="AppIds.Ordering"/>, as all that happens to orders.</summary>
    public const string Orders = "orders";

    /// <summary>What only people are told of their orders.</summary>
    public const string OrderProgress = "order-progress";

    /// <summary>What happened to orders that the order book of the store follows.</summary>
    public const string OrderSteps = "order-steps";

    /// <summary>Orders that were cancelled or rejected: everybody undoes what they did for it.</summary>
    public const string OrderEnds = "order-ends";

    /// <summary>Attempts that were never orders: what was held or charged for them is undone.</summary>
    public const string OrderVoids = "order-voids";

    /// <summary>Payments that were approved or declined; published by <see cref="AppIds.Payment"/>.</summary>
    public const string Payments = "payments";

    /// <summary>Money that was given back; published by <see cref="AppIds.Payment"/>.</summary>
    public const string Refunds = "refunds";

    /// <summary>Offers registered and changed; published by <see cref="AppIds.Catalog"/>.</summary>
    public const string Offers = "offers";

    /// <summary>Orders that the merchants' side has received, for which fulfilment begins; published by <see cref="AppIds.Store"/>, as all that happens there.</summary>
    public const string Store = "store";

    /// <summary>What merchants decided on orders.</summary>
    public const string StoreDecisions = "store-decisions";

    /// <summary>What merchants are told of their order book.</summary>
    public const string StoreNotices = "store-notices";

    /// <summary>What happened to parcels; published by <see cref="AppIds.Delivery"/>.</summary>
    public const string Deliveries = "deliveries";

    /// <summary>Who was sent to whom; published by <see cref="AppIds.Dispatch"/>.</summary>
    public const string Assignments = "assignments";

    /// <summary>What happened to registrations of new titles; published by <see cref="AppIds.Publishing"/>.</summary>
    public const string Titles = "titles";

    /// <summary>What the product team decided on new titles; published by <see cref="AppIds.Store"/>.</summary>
    public const string Reviews = "reviews";

    /// <summary>People who can be written to, and what they may do; published by <see cref="AppIds.Gateway"/>.</summary>
    public const string Accounts = "accounts";

    /// <summary>Who may sell; published by <see cref="AppIds.Gateway"/>.</summary>
    public const string Sellers = "sellers";
}
