using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;

namespace OrderMall.Contracts;

/// <summary>Whether the mall takes money.</summary>
public static class Payments
{
    /// <summary>
    /// It does unless <c>Mall:Payments</c> is <c>false</c>: for a mall that has no payment provider yet. What is prepaid cannot be ordered there, all else can.
    /// </summary>
    public static bool AreTaken(WebApplicationBuilder builder) => builder.Configuration.GetValue("Mall:Payments", true);
}
