namespace OrderMall.Contracts;

/// <summary>What a person may be in the mall.</summary>
public static class Roles
{
    /// <summary>Orders.</summary>
    public const string Customer = "customer";

    /// <summary>Sells.</summary>
    public const string Merchant = "merchant";

    /// <summary>Carries parcels.</summary>
    public const string Courier = "courier";

    /// <summary>Registers titles.</summary>
    public const string Publisher = "publisher";

    /// <summary>Decides on titles.</summary>
    public const string Reviewer = "reviewer";

    /// <summary>Runs the mall.</summary>
    public const string Operator = "operator";

    /// <summary>All of them, in the order in which they are listed.</summary>
    public static readonly IReadOnlyList<string> All = [Customer, Merchant, Courier, Publisher, Reviewer, Operator];
}
