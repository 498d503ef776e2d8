using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using System.Xml.Linq;
using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Identity;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.DataProtection.XmlEncryption;

namespace OrderMall.ServiceDefaults.Keys;

/// <summary>
/// The key in Azure Key Vault that a service's own keys are wrapped with, those of tokens or cookies: it never leaves the vault. Each new key is wrapped
/// with its newest version; older ones unwrap what they wrapped.
/// </summary>
public sealed class KeyVaultKey
{
    private const string Algorithm = "RSA-OAEP-256";
    private const string Version = "?api-version=7.4";
    private static readonly TimeSpan TimeLimit = TimeSpan.FromSeconds(5);

    private readonly string _setting;
    private readonly Uri _key;
    private readonly HttpPipeline _pipeline;

    /// <summary>The key of an address.</summary>
    /// <param name="setting">What the address is set by, for messages.</param>
    /// <param name="key">The key's address, without a version.</param>
    /// <param name="credential">Needs the role Key Vault Crypto Service Encryption User there.</param>
    /// <param name="transport">How it is asked; as Azure's libraries do if left out.</param>
    public KeyVaultKey(string setting, Uri key, TokenCredential credential, HttpPipelineTransport? transport = null)
    {
        (_setting, _key) = (setting, key);
        var options = new Options { Retry = { MaxRetries = 3, NetworkTimeout = TimeLimit } };
        if (transport is not null)
            options.Transport = transport;
        _pipeline = HttpPipelineBuilder.Build(options, new BearerTokenAuthenticationPolicy(credential, "https://vault.azure.net/.default"));
    }

    /// <summary>Has the keys of data protection wrapped with the key that a setting names, where it names one.</summary>
    /// <exception cref="InvalidOperationException">It is no key in a vault.</exception>
    public static void Add(WebApplicationBuilder builder, string setting)
    {
        // It would warn that keys are not wrapped.
        builder.Logging.AddFilter("Microsoft.AspNetCore.DataProtection.KeyManagement.XmlKeyManager", LogLevel.Error);
        if (builder.Configuration[setting] is not { Length: > 0 } text)
            return;
        if (!Uri.TryCreate(text, UriKind.Absolute, out var key) || key.Scheme != Uri.UriSchemeHttps || key.Segments is not ["/", "keys/", _])
            throw new InvalidOperationException($"{setting} is '{text}': it must be the address of a key in a vault, without a version, such as https://myvault.vault.azure.net/keys/tokens.");
        builder.Services.AddSingleton(new KeyVaultKey(setting, key, new DefaultAzureCredential()));
        builder.Services.AddOptions<KeyManagementOptions>().Configure<KeyVaultKey>((options, vault) => options.XmlEncryptor = new WrappedKeyEncryptor(vault));
    }

    /// <summary>Wraps a key.</summary>
    /// <exception cref="InvalidOperationException">The vault did not do it.</exception>
    public (string Id, byte[] Wrapped) Wrap(byte[] key)
    {
        var newest = Send(RequestMethod.Get, _key.AbsoluteUri, null, KeyVaultJson.Default.VaultKeyBundle).Key.Kid;
        return (newest, Operate(newest, "wrapkey", key));
    }

    /// <summary>Unwraps a key.</summary>
    /// <param name="id">What it was wrapped with.</param>
    /// <exception cref="InvalidOperationException">The vault did not do it, or it is another's key.</exception>
    public byte[] Unwrap(string id, byte[] wrapped) => id.StartsWith($"{_key.AbsoluteUri}/", StringComparison.Ordinal)
        ? Operate(id, "unwrapkey", wrapped)
        : throw new InvalidOperationException($"A key is wrapped with {id}, and {_setting} is {_key}: set that to the key that it was wrapped with.");

    private byte[] Operate(string id, string operation, byte[] value) => Base64Url.DecodeFromChars(Send(
        RequestMethod.Post, $"{id}/{operation}", new VaultOperation(Algorithm, Base64Url.EncodeToString(value)), KeyVaultJson.Default.VaultResult).Value);

    private T Send<T>(RequestMethod method, string address, VaultOperation? operation, JsonTypeInfo<T> type)
    {
        using var message = _pipeline.CreateMessage();
        message.Request.Method = method;
        message.Request.Uri.Reset(new Uri(address + Version));
        if (operation is not null)
        {
            message.Request.Headers.Add(HttpHeader.Common.JsonContentType);
            message.Request.Content = RequestContent.Create(JsonSerializer.SerializeToUtf8Bytes(operation, KeyVaultJson.Default.VaultOperation));
        }

        _pipeline.Send(message, CancellationToken.None);
        return message.Response.IsError
            ? throw new InvalidOperationException($"{_key} answers {message.Response.Status}: the service's identity needs the role Key Vault Crypto Service Encryption User there.")
            : JsonSerializer.Deserialize(message.Response.Content.ToMemory().Span, type)!;
    }

    private sealed class Options : ClientOptions;
}

/// <summary>Writes a key encrypted, with a secret of its own that is wrapped by <see cref="KeyVaultKey"/>.</summary>
public sealed class WrappedKeyEncryptor(KeyVaultKey key) : IXmlEncryptor
{
    private const int SecretBytes = 32;

    /// <inheritdoc/>
    public EncryptedXmlInfo Encrypt(XElement plaintextElement)
    {
        var secret = RandomNumberGenerator.GetBytes(SecretBytes);
        var plain = Encoding.UTF8.GetBytes(plaintextElement.ToString(SaveOptions.DisableFormatting));
        var (nonce, tag, cipher) = (RandomNumberGenerator.GetBytes(AesGcm.NonceByteSizes.MaxSize), new byte[AesGcm.TagByteSizes.MaxSize], new byte[plain.Length]);
        using (var aes = new AesGcm(secret, tag.Length))
            aes.Encrypt(nonce, plain, cipher, tag);
        var (id, wrapped) = key.Wrap(secret);
        CryptographicOperations.ZeroMemory(secret);
        CryptographicOperations.ZeroMemory(plain);
        return new EncryptedXmlInfo(
            new XElement("wrappedKey", new XAttribute("with", id), Part("secret", wrapped), Part("nonce", nonce), Part("tag", tag), Part("value", cipher)),
            typeof(WrappedKeyDecryptor));
    }

    private static XElement Part(string name, byte[] value) => new(name, Convert.ToBase64String(value));
}

/// <summary>Reads what <see cref="WrappedKeyEncryptor"/> wrote. Made by name.</summary>
public class WrappedKeyDecryptor(IServiceProvider services) : IXmlDecryptor
{
    /// <inheritdoc/>
    public XElement Decrypt(XElement encryptedElement)
    {
        var secret = services.GetRequiredService<KeyVaultKey>().Unwrap((string)encryptedElement.Attribute("with")!, Part("secret"));
        var (tag, cipher) = (Part("tag"), Part("value"));
        var plain = new byte[cipher.Length];
        using (var aes = new AesGcm(secret, tag.Length))
            aes.Decrypt(Part("nonce"), cipher, tag, plain);
        CryptographicOperations.ZeroMemory(secret);
        return XElement.Parse(Encoding.UTF8.GetString(plain));

        byte[] Part(string name) => Convert.FromBase64String((string)encryptedElement.Element(name)!);
    }
}

internal sealed record VaultKeyBundle(VaultKeyName Key);

internal sealed record VaultKeyName(string Kid);

internal sealed record VaultOperation(string Alg, string Value);

internal sealed record VaultResult(string Value);

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(VaultKeyBundle))]
[JsonSerializable(typeof(VaultOperation))]
[JsonSerializable(typeof(VaultResult))]
internal sealed partial class KeyVaultJson : JsonSerializerContext;
