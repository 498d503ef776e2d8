using System.Net;

namespace OrderMall.Sidecar.Tests;

/// <summary>What the configuration lets apps ask of each other and of their sidecars.</summary>
[Collection(PostgresCollection.Name)]
public sealed class AccessTests(PostgresServer postgres)
{
    private const string Configuration = """
        apiVersion: dapr.io/v1alpha1
        kind: Configuration
        metadata:
          name: config
        spec:
          api:
            allowed:
              - { name: invoke, version: v1, protocol: http }
              - { name: publish, version: v1alpha1, protocol: http }
          accessControl:
            defaultAction: deny
            trustDomain: public
            policies:
              - appId: named
                defaultAction: deny
                trustDomain: public
                namespace: default
                operations:
                  - name: /holds
                    httpVerb: ["POST"]
                    action: allow
                  - name: /below/*
                    httpVerb: ["*"]
                    action: allow
                  - name: /tree/**
                    httpVerb: ["*"]
                    action: allow
              - appId: trusted
                defaultAction: allow
                trustDomain: public
                namespace: default
                operations:
                  - name: /secret
                    httpVerb: ["*"]
                    action: deny
        """;

    [Theory]
    [InlineData("named", "POST", "holds", true)]
    [InlineData("named", "POST", "HOLDS/", true)]
    [InlineData("named", "GET", "holds", false)]
    [InlineData("named", "POST", "%68olds", true)]
    [InlineData("named", "POST", "holds/one", true)] // as in Dapr
    [InlineData("named", "GET", "holds/one", false)]
    [InlineData("named", "POST", "holdsone", false)]
    [InlineData("named", "DELETE", "below/one", true)]
    [InlineData("named", "DELETE", "below", true)]
    [InlineData("named", "DELETE", "below/one/two", false)]
    [InlineData("named", "GET", "tree/one/two", true)]
    [InlineData("named", "GET", "tree/../other", false)]
    [InlineData("trusted", "GET", "anything", true)]
    [InlineData("trusted", "GET", "secret", false)]
    [InlineData("trusted", "GET", "%73ecret", false)]
    [InlineData("trusted", "GET", "x/..//secret/", false)]
    [InlineData("stranger", "POST", "holds", false)]
    public async Task Only_the_named_callers_come_through(string caller, string verb, string path, bool allowed)
    {
        await using var rig = await OpenAsync();
        using var client = rig.As(caller);
        using var response = await client.SendAsync(new HttpRequestMessage(new HttpMethod(verb), AsWritten.At(client, $"/v1.0/invoke/callee/method/{path}")));
        Assert.Equal(allowed ? HttpStatusCode.OK : HttpStatusCode.Forbidden, response.StatusCode);
        Assert.Equal(allowed ? 1 : 0, rig.App("callee").All.Count);
        if (!allowed)
        {
            Assert.Contains(
                $"access control policy has denied access to id: spiffe://public/ns/default/{caller} operation: ",
                await response.Content.ReadAsStringAsync(),
                StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task An_app_may_ask_itself()
    {
        await using var rig = await OpenAsync();
        await rig.StartAppsAsync("stranger");
        await rig.HealthyAsync("stranger");
        using var client = rig.As("stranger");
        using var response = await client.GetAsync("/v1.0/invoke/stranger/method/holds");
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Fact]
    public async Task What_is_not_on_the_list_of_APIs_is_not_there()
    {
        await using var rig = await OpenAsync();
        using var client = rig.As("trusted");
        using var single = await client.PostAsync("/v1.0/publish/pubsub/topic", new StringContent("{}"));
        using var metadata = await client.GetAsync("/v1.0/metadata");
        using var health = await client.GetAsync("/v1.0/healthz");
        Assert.Equal((HttpStatusCode.NotFound, HttpStatusCode.NotFound, HttpStatusCode.NoContent), (single.StatusCode, metadata.StatusCode, health.StatusCode));
    }

    private async Task<EmbeddedRig> OpenAsync()
    {
        var rig = await EmbeddedRig.CreateAsync(postgres, "", ("named", 1), ("trusted", 1), ("stranger", 1), ("callee", 1));
        await File.WriteAllTextAsync(Path.Combine(rig.Resources, "config.yaml"), Configuration);
        await rig.StartAppsAsync("callee");
        await rig.StartAsync();
        await rig.HealthyAsync("callee");
        return rig;
    }
}
