namespace OrderMall.Contracts;

/// <summary>The mall's topics: one per owner of events. Every event of an owner goes to its topic.</summary>
public static class Topics
{
    /// <summary>What happened to orders; published by <see cref="AppIds.Ordering"/>.</summary>
    public const string Orders = "orders";

    /// <summary>What happened to payments; published by <see cref="AppIds.Payment"/>.</summary>
    public const string Payments = "payments";

    /// <summary>Offers registered and changed; published by <see cref="AppIds.Catalog"/>.</summary>
    public const string Offers = "offers";

    /// <summary>What the merchants' side did with orders; published by <see cref="AppIds.Store"/>.</summary>
    public const string Store = "store";

    /// <summary>What happened to parcels; published by <see cref="AppIds.Delivery"/>.</summary>
    public const string Deliveries = "deliveries";

    /// <summary>Who was sent to whom; published by <see cref="AppIds.Dispatch"/>.</summary>
    public const string Assignments = "assignments";

    /// <summary>What happened to registrations of new titles; published by <see cref="AppIds.Publishing"/>.</summary>
    public const string Titles = "titles";

    /// <summary>What the product team decided on new titles; published by <see cref="AppIds.Store"/>.</summary>
    public const string Reviews = "reviews";

    /// <summary>People who can be written to; published by <see cref="AppIds.Gateway"/>.</summary>
    public const string Accounts = "accounts";
}
