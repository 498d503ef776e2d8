using System.Text.Json.Serialization;

namespace OrderMall.Gateway.Accounts;

/// <summary>Who sells: services know it as the merchant, or the publisher. Its members act for it.</summary>
internal sealed class Business
{
    /// <summary>That of the account with which it began, which stays an owner of it.</summary>
    public required string Id { get; init; }

    public required string Name { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Grows with each change of what it may sell.</summary>
    public long Version { get; set; } = 1;

    /// <summary>When it was last given <c>merchant</c> or lost it; <see langword="null"/> where neither happened since it began.</summary>
    public DateTimeOffset? MerchantSince { get; set; }

    /// <summary>The same of <c>publisher</c>.</summary>
    public DateTimeOffset? PublisherSince { get; set; }
}

/// <summary>A person in a business, or invited to it. Nobody is in two.</summary>
internal sealed class BusinessMember
{
    public required string BusinessId { get; init; }

    public required string AccountId { get; init; }

    /// <summary>One of <see cref="BusinessRoles"/>.</summary>
    public required string Role { get; set; }

    public required DateTimeOffset InvitedAt { get; init; }

    /// <summary><see langword="null"/> until the person has accepted.</summary>
    public DateTimeOffset? JoinedAt { get; set; }
}

/// <summary>What a person is in a business.</summary>
internal static class BusinessRoles
{
    /// <summary>Offers, prices, titles, and who belongs to the business, besides the work.</summary>
    public const string Owner = "owner";

    /// <summary>The work: orders, workers, visits.</summary>
    public const string Staff = "staff";

    /// <summary>As it is kept.</summary>
    public static string Of(BusinessRole role) => role == BusinessRole.Owner ? Owner : Staff;
}

/// <summary>What a person is to be in a business.</summary>
[JsonConverter(typeof(NamedValueConverter<BusinessRole>))]
internal enum BusinessRole
{
    /// <inheritdoc cref="BusinessRoles.Owner"/>
    [JsonStringEnumMemberName("owner")] Owner,

    /// <inheritdoc cref="BusinessRoles.Staff"/>
    [JsonStringEnumMemberName("staff")] Staff,
}
