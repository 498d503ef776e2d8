using System.Buffers.Text;
using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using System.Xml.Linq;
using Azure.Core;
using Azure.Core.Pipeline;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.Repositories;
using Microsoft.Extensions.DependencyInjection;
using OrderMall.Gateway;
using OrderMall.ServiceDefaults;
using OrderMall.ServiceDefaults.Keys;
using OrderMall.Web;
using Registrations = Microsoft.Extensions.DependencyInjection.ServiceCollection;

namespace OrderMall.Services.Tests;

/// <summary>The keys of the tokens, wrapped by a key that stays in its vault.</summary>
public sealed class KeyVaultKeyTests : IDisposable
{
    private const string Address = "https://mall.vault.azure.net/keys/tokens";
    private readonly Vault _vault = new();
    private readonly Kept _kept = new();

    public void Dispose() => _vault.Dispose();

    [Fact]
    public void What_one_replica_protects_another_reads_and_what_is_kept_says_nothing_without_the_vault()
    {
        var token = Replica().Protect("alice");
        Assert.Equal("alice", Replica().Unprotect(token));
        Assert.DoesNotContain("masterKey", Assert.Single(_kept.Elements).ToString(), StringComparison.Ordinal);
        Assert.Contains($"with=\"{Address}/1\"", _kept.Elements[0].ToString(), StringComparison.Ordinal);

        _vault.Refuses = true;
        Assert.ThrowsAny<Exception>(() => Replica().Unprotect(token));
    }

    [Fact]
    public void A_key_that_was_rotated_still_unwraps_what_it_wrapped()
    {
        var token = Replica().Protect("alice");
        _vault.Rotate();
        Assert.Equal("alice", Replica().Unprotect(token));
    }

    [Fact]
    public void Keys_from_before_there_was_a_vault_are_read_as_they_are()
    {
        var before = new Registrations();
        before.AddDataProtection().SetApplicationName("OrderMall").AddKeyManagementOptions(options => options.XmlRepository = _kept);
        var token = Protector(before).Protect("alice");
        Assert.Equal("alice", Replica().Unprotect(token));
    }

    [Fact]
    public void What_the_gateway_wrapped_when_this_was_its_own_is_read()
    {
        var token = Replica().Protect("alice");
        var wrapped = _kept.Elements[0].Descendants().Single(element => element.Attribute("decryptorType") is not null);
        wrapped.SetAttributeValue("decryptorType", "OrderMall.Gateway.WrappedKeyDecryptor, OrderMall.Gateway");
        Assert.Equal("alice", Replica().Unprotect(token));
    }

    [Fact]
    public void Nobody_elses_vault_is_asked() =>
        Assert.Contains("Gateway:TokenKey", Assert.Throws<InvalidOperationException>(() => Key().Unwrap("https://evil.example.com/keys/tokens/1", [1])).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("http://mall.vault.azure.net/keys/tokens")]
    [InlineData("https://mall.vault.azure.net/keys/tokens/1")]
    [InlineData("https://mall.vault.azure.net/secrets/tokens")]
    [InlineData("tokens")]
    public void An_address_that_is_no_keys_is_named(string address)
    {
        Refuses<GatewayService>("Gateway:TokenKey");
        Refuses<WebService>("Web:CookieKey");

        void Refuses<TService>(string setting)
            where TService : IMallService => Assert.Contains($"{setting} is '{address}'", Assert.Throws<InvalidOperationException>(() => ServiceHost.Create<TService>(
            ["--DAPR_GRPC_PORT=1", "--APP_API_TOKEN=token", "--ConnectionStrings:gateway=Host=127.0.0.1", $"--{setting}={address}"])).Message, StringComparison.Ordinal);
    }

    private KeyVaultKey Key() => new("Gateway:TokenKey", new Uri(Address), new Credential(), new HttpClientTransport(new HttpClient(_vault, disposeHandler: false)));

    private IDataProtector Replica()
    {
        var services = new Registrations();
        var key = Key();
        services.AddSingleton(key);
        services.AddDataProtection().SetApplicationName("OrderMall").AddKeyManagementOptions(options => (options.XmlRepository, options.XmlEncryptor) = (_kept, new WrappedKeyEncryptor(key)));
        return Protector(services);
    }

    private static IDataProtector Protector(Registrations services) => services.BuildServiceProvider().GetRequiredService<IDataProtectionProvider>().CreateProtector("tokens");

    private sealed class Kept : IXmlRepository
    {
        public List<XElement> Elements { get; } = [];

        public IReadOnlyCollection<XElement> GetAllElements() => Elements;

        public void StoreElement(XElement element, string friendlyName) => Elements.Add(element);
    }

    private sealed class Credential : TokenCredential
    {
        public override AccessToken GetToken(TokenRequestContext requestContext, CancellationToken cancellationToken) => new("token", DateTimeOffset.UtcNow.AddHours(1));

        public override ValueTask<AccessToken> GetTokenAsync(TokenRequestContext requestContext, CancellationToken cancellationToken) => new(GetToken(requestContext, cancellationToken));
    }

    // As the REST API of Key Vault answers, with keys of its own.
    private sealed class Vault : HttpMessageHandler
    {
        private readonly List<RSA> _versions = [RSA.Create(2048)];

        public bool Refuses { get; set; }

        public void Rotate() => _versions.Add(RSA.Create(2048));

        protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Assert.Equal("Bearer token", request.Headers.Authorization!.ToString());
            if (Refuses)
                return new HttpResponseMessage(HttpStatusCode.Forbidden);
            if (request.Method == HttpMethod.Get)
                return Json(new JsonObject { ["key"] = new JsonObject { ["kid"] = $"{Address}/{_versions.Count}" } });
            var path = request.RequestUri!.AbsolutePath.Split('/');
            var version = _versions[int.Parse(path[3], System.Globalization.CultureInfo.InvariantCulture) - 1];
            using var body = new StreamReader(request.Content!.ReadAsStream(cancellationToken));
            var asked = JsonNode.Parse(body.ReadToEnd())!;
            Assert.Equal("RSA-OAEP-256", (string)asked["alg"]!);
            var value = Base64Url.DecodeFromChars((string)asked["value"]!);
            var result = path[4] == "wrapkey" ? version.Encrypt(value, RSAEncryptionPadding.OaepSHA256) : version.Decrypt(value, RSAEncryptionPadding.OaepSHA256);
            return Json(new JsonObject { ["kid"] = $"{Address}/{path[3]}", ["value"] = Base64Url.EncodeToString(result) });
        }

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) => Task.FromResult(Send(request, cancellationToken));

        protected override void Dispose(bool disposing)
        {
            _versions.ForEach(version => version.Dispose());
            base.Dispose(disposing);
        }

        private static HttpResponseMessage Json(JsonObject answer) => new(HttpStatusCode.OK) { Content = JsonContent.Create(answer) };
    }
}
