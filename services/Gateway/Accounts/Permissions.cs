using System.Security.Claims;

namespace OrderMall.Gateway.Accounts;

/// <summary>What an account may do: its roles, and the business that it acts for.</summary>
/// <param name="BusinessRole">One of <see cref="BusinessRoles"/>.</param>
internal sealed record Permissions(IReadOnlyList<string> Roles, string? BusinessId, string? BusinessRole)
{
    private const string BusinessClaim = "business";
    private const string BusinessRoleClaim = "business-role";

    /// <summary>Whether both may do the same.</summary>
    public bool IsLike(Permissions other) => BusinessId == other.BusinessId && BusinessRole == other.BusinessRole && Roles.SequenceEqual(other.Roles);

    /// <summary>Writes them as claims of a person, in place of those that were there.</summary>
    public void Write(ClaimsIdentity person)
    {
        foreach (var claim in person.Claims.Where(claim => claim.Type is ClaimTypes.Role or BusinessClaim or BusinessRoleClaim).ToList())
            person.RemoveClaim(claim);
        foreach (var role in Roles)
            person.AddClaim(new Claim(ClaimTypes.Role, role));
        if (BusinessId is null)
            return;
        person.AddClaim(new Claim(BusinessClaim, BusinessId));
        person.AddClaim(new Claim(BusinessRoleClaim, BusinessRole!));
    }

    /// <summary>The id of the business that a person acts for; the person's own where there is none.</summary>
    public static string? BusinessOf(ClaimsPrincipal person) => MembershipOf(person) ?? person.FindFirstValue(ClaimTypes.NameIdentifier);

    /// <summary>The id of the business that a person belongs to.</summary>
    public static string? MembershipOf(ClaimsPrincipal person) => person.FindFirstValue(BusinessClaim);

    /// <summary>What a person is in the business that they belong to: one of <see cref="BusinessRoles"/>.</summary>
    public static string? RoleInBusinessOf(ClaimsPrincipal person) => person.FindFirstValue(BusinessRoleClaim);

    /// <summary>Whether a person only does the work of a business, and does not decide what it sells.</summary>
    public static bool IsStaff(ClaimsPrincipal person) => RoleInBusinessOf(person) == BusinessRoles.Staff;
}
