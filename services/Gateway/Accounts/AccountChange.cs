namespace OrderMall.Gateway.Accounts;

/// <summary>An entry of the audit trail: a change of an account's roles or business, with who made it and when. Append-only.</summary>
internal sealed class AccountChange
{
    /// <summary>Who did it where no person did: the mall's configuration.</summary>
    public const string ByConfiguration = "configuration";

    public required Guid Id { get; init; }

    public required string AccountId { get; init; }

    public required DateTimeOffset At { get; init; }

    /// <summary>The account's id, or <see cref="ByConfiguration"/>.</summary>
    public required string ChangedBy { get; init; }

    /// <summary>Such as <c>roles</c>, <c>joined</c> or <c>application-rejected</c>.</summary>
    public required string What { get; init; }

    public required string[] RolesBefore { get; init; }

    public required string[] RolesAfter { get; init; }

    /// <summary>Such as <c>owner of demo-bistro</c>.</summary>
    public required string? BusinessBefore { get; init; }

    public required string? BusinessAfter { get; init; }

    /// <summary>Why, as far as it was said.</summary>
    public required string? Reason { get; init; }
}
