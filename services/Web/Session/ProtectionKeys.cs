using System.Xml.Linq;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.DataProtection.Repositories;
using OrderMall.ServiceDefaults.Keys;

namespace OrderMall.Web.Session;

/// <summary>
/// The keys of cookies and forms, in the Dapr state store under one key: every replica reads what another has encrypted, and none of them has a database.
/// On Azure they are wrapped (<see cref="KeyVaultKey"/>); elsewhere whoever can read the store can read cookies, and make some that are worth the tokens in them and nothing else.
/// </summary>
internal sealed class ProtectionKeys(StateStore store) : IXmlRepository
{
    private const string Key = "protection-keys";

    public static void Add(WebApplicationBuilder builder)
    {
        KeyVaultKey.Add(builder, "Web:CookieKey");
        var services = builder.Services;
        services.AddDataProtection().SetApplicationName("OrderMall.Web");
        services.AddOptions<KeyManagementOptions>().Configure<StateStore>((options, store) => options.XmlRepository = new ProtectionKeys(store));
    }

    // The framework asks for keys once at the start and then once a day; it has no way to wait for them.
    public IReadOnlyCollection<XElement> GetAllElements() =>
        [.. (Task.Run(() => store.GetAsync(Key, SessionJson.Default.ListString, CancellationToken.None)).GetAwaiter().GetResult().Value ?? []).Select(XElement.Parse)];

    public void StoreElement(XElement element, string friendlyName) => Task.Run(() => store.ChangeAsync(
        Key, SessionJson.Default.ListString, known => [.. known ?? [], element.ToString(SaveOptions.DisableFormatting)], CancellationToken.None)).GetAwaiter().GetResult();
}
