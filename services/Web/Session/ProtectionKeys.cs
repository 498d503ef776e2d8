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

    public IReadOnlyCollection<XElement> GetAllElements() =>
        [.. (ReadAsync().GetAwaiter().GetResult().Value ?? []).Select(XElement.Parse)];

    public void StoreElement(XElement element, string friendlyName) => AddAsync(element.ToString(SaveOptions.DisableFormatting)).GetAwaiter().GetResult();

    // The framework asks for keys once at the start and then once a day; it has no way to wait for them.
    private Task<StateEntry<List<string>>> ReadAsync() => Task.Run(() => store.GetAsync(Key, SessionJson.Default.ListString, CancellationToken.None));

    private async Task AddAsync(string element)
    {
        var conflicts = new Conflicts(Key);
        while (true)
        {
            var known = await ReadAsync();
            if (await Task.Run(() => store.TrySaveAsync(Key, [.. known.Value ?? [], element], known.ETag, SessionJson.Default.ListString, CancellationToken.None)))
                return;
            await conflicts.WaitAsync(CancellationToken.None);
        }
    }
}
