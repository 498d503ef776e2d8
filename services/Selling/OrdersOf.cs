using System.Security.Claims;
using Microsoft.AspNetCore.Http.HttpResults;
using OrderMall.ServiceDefaults.Api;

namespace OrderMall.Selling;

/// <summary>
/// Which merchant's orders a caller may list and decide on: those of their own business, and an operator those of any. So orders come to an end whose
/// merchant has lost the role since.
/// </summary>
public static class OrdersOf
{
    private const int LongestId = 100;

    /// <summary>Reads the query parameter <c>merchantId</c>; left out it is the caller's own business.</summary>
    /// <returns>A validation problem that names it, or <see langword="null"/>.</returns>
    public static ValidationProblem? Read(string? merchantId, ClaimsPrincipal user, out string of)
    {
        of = string.IsNullOrEmpty(merchantId) ? user.Id() : merchantId;
        if (!user.MayDecideFor(of))
            return Problems.Invalid("merchantId", "Is for operators: leave it out to see your own.");
        return of.Length > LongestId || of.Any(char.IsControl) ? Problems.Invalid("merchantId", "Must be the id of a merchant, as offers and orders name it.") : null;
    }

    /// <summary>Whether the caller may decide on a merchant's orders.</summary>
    public static bool MayDecideFor(this ClaimsPrincipal user, string? merchantId) => merchantId == user.Id() || user.IsInRole(Roles.Operator);

    /// <summary>Whether the caller is an operator who decides on a merchant's behalf, and is not told how to reach the customer.</summary>
    public static bool IsOnBehalfOf(this ClaimsPrincipal user, string? merchantId) => merchantId != user.Id();
}
