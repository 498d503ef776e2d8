using System.Text.Json.Serialization;

namespace OrderMall.Gateway.Accounts;

/// <summary>Somebody asks for a role; an operator decides.</summary>
internal sealed class RoleApplication
{
    public required Guid Id { get; init; }

    public required string AccountId { get; init; }

    public required string Role { get; init; }

    /// <summary>What the business is to be called, where the person has none yet.</summary>
    public required string? BusinessName { get; init; }

    public required string? Note { get; init; }

    public ApplicationStatus Status { get; set; }

    /// <summary>Why it was rejected.</summary>
    public string? Reason { get; set; }

    public required DateTimeOffset AppliedAt { get; init; }

    public DateTimeOffset? DecidedAt { get; set; }

    public string? DecidedBy { get; set; }
}

/// <summary>How far an application is.</summary>
[JsonConverter(typeof(NamedValueConverter<ApplicationStatus>))]
internal enum ApplicationStatus
{
    /// <summary>Nobody has decided.</summary>
    Pending,

    /// <summary>The person has the role.</summary>
    Approved,

    /// <summary>An operator has refused it.</summary>
    Rejected,

    /// <summary>The person does not want it any more.</summary>
    Withdrawn,
}
