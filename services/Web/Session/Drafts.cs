using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.DataProtection;
using OrderMall.Web.Api;

namespace OrderMall.Web.Session;

/// <summary>What somebody had filled in when the session was over, encrypted in the address that the sign-in leads back to.</summary>
internal sealed class Drafts(IDataProtectionProvider protection)
{
    private static readonly TimeSpan Life = TimeSpan.FromHours(1);
    private readonly ITimeLimitedDataProtector _protector = protection.CreateProtector("drafts").ToTimeLimitedDataProtector();

    /// <summary>Keeps the fields of a form.</summary>
    public string Keep(IEnumerable<KeyValuePair<string, string>> fields) =>
        _protector.Protect(JsonSerializer.Serialize(new Dictionary<string, string>(fields), WebJson.Default.DictionaryStringString), Life);

    /// <summary>What was kept; nothing where it is too old or none of ours.</summary>
    public IReadOnlyDictionary<string, string> Read(string? draft)
    {
        if (draft is null)
            return new Dictionary<string, string>();
        try
        {
            return JsonSerializer.Deserialize(_protector.Unprotect(draft), WebJson.Default.DictionaryStringString)!;
        }
        catch (CryptographicException)
        {
            return new Dictionary<string, string>();
        }
    }
}
