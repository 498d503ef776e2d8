using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;

namespace OrderMall.Contracts;

/// <summary>
/// The accounts and merchants of the demo, known by fixed ids so that the catalog's demo offers have owners.
/// Made only in the embedded mall and in Development.
/// </summary>
public static class Demo
{
    /// <summary>The payment method that the demo's payment provider declines.</summary>
    public const string DeclinedCard = "card_declined";

    /// <summary>The payment methods of the demo, whose payment provider moves no money.</summary>
    public static readonly IReadOnlyList<string> PaymentMethods = ["card_ok", DeclinedCard];

    /// <summary>The password of every demo account.</summary>
    public const string Password = "Mall-demo-1";

    /// <summary>The id of the demo's bookshop.</summary>
    public const string Bookshop = "demo-bookshop";

    /// <summary>The id of the demo's restaurant.</summary>
    public const string Bistro = "demo-bistro";

    /// <summary>The id of the demo's clinic.</summary>
    public const string Clinic = "demo-clinic";

    /// <summary>The id of the demo's cleaning company.</summary>
    public const string Sparkle = "demo-sparkle";

    /// <summary>The ids of the demo's merchants.</summary>
    public static readonly IReadOnlyList<string> Merchants = [Bookshop, Bistro, Clinic, Sparkle];

    /// <summary>Every demo account: name before the @ of its address, fixed id, role.</summary>
    public static readonly IReadOnlyList<(string Name, string Id, string Role)> Accounts =
    [
        ("alice", "demo-alice", Roles.Customer),
        ("bob", "demo-bob", Roles.Customer),
        ("bookshop", Bookshop, Roles.Merchant),
        ("bistro", Bistro, Roles.Merchant),
        ("clinic", Clinic, Roles.Merchant),
        ("sparkle", Sparkle, Roles.Merchant),
        ("courier", "demo-courier", Roles.Courier),
        ("publisher", "demo-publisher", Roles.Publisher),
        ("reviewer", "demo-reviewer", Roles.Reviewer),
        ("operator", "demo-operator", Roles.Operator),
    ];

    /// <summary>Whether there is a demo: <c>Mall:Demo</c>, and in Development where nothing is said.</summary>
    public static bool IsOn(IConfiguration configuration, IHostEnvironment environment) => configuration.GetValue<bool?>("Mall:Demo") ?? environment.IsDevelopment();

    /// <inheritdoc cref="IsOn(IConfiguration, IHostEnvironment)"/>
    public static bool IsOn(WebApplicationBuilder builder) => IsOn(builder.Configuration, builder.Environment);
}
