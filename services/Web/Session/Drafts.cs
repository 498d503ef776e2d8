using System.Security.Cryptography;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.AspNetCore.DataProtection;
using OrderMall.Web.Api;

namespace OrderMall.Web.Session;

/// <summary>What somebody had filled in when the session was over, encrypted in the address that the sign-in leads back to.</summary>
internal sealed class Drafts(IDataProtectionProvider protection)
{
    // Of the 8 KiB that a request line may have.
    private const int Longest = 6_000;
    private static readonly TimeSpan Life = TimeSpan.FromHours(1);
    // It is encrypted: letters of any language stay one letter.
    private static readonly WebJson Plain = new(new JsonSerializerOptions(JsonSerializerDefaults.Web) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
    private readonly ITimeLimitedDataProtector _protector = protection.CreateProtector("drafts").ToTimeLimitedDataProtector();

    /// <summary>Keeps the fields of a form, but for passwords.</summary>
    /// <returns><see langword="null"/> where it is more than an address can hold.</returns>
    public string? Keep(IFormCollection form)
    {
        var fields = form.Where(field => field.Key is not ("form-token" or "_handler" or "password" or "current" or "new")).ToDictionary(field => field.Key, field => field.Value.ToString());
        return _protector.Protect(JsonSerializer.Serialize(fields, Plain.DictionaryStringString), Life) is { Length: <= Longest } draft ? draft : null;
    }

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
