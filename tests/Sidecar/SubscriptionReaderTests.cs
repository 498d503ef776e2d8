using System.Text.Json;

namespace OrderMall.Sidecar.Tests;

public sealed class SubscriptionReaderTests
{
    [Theory]
    [InlineData("event.type == \"x\"", "x", true)]
    [InlineData("event.type=='x'", "x", true)]
    [InlineData("event.type == \"x\"", "y", false)]
    [InlineData("event.type == \"x\" || event.type == 'y'", "y", true)]
    [InlineData("event.type == \"x\"", null, false)]
    [InlineData("", "x", true)]
    public void Routes_are_chosen_by_the_events_type(string match, string? type, bool expected)
    {
        var (served, refusals) = SubscriptionReader.Read(JsonSerializer.SerializeToUtf8Bytes(
            new[] { new { pubsubname = "p", topic = "t", routes = new { rules = new[] { new { match, path = "/p" } } } } }));
        Assert.Empty(refusals);
        Assert.Equal(expected ? "/p" : null, Assert.Single(served).PathFor(type));
    }

    [Theory]
    [InlineData("event.type.startsWith(\"x\")")]
    [InlineData("event.type in [\"x\"]")]
    [InlineData("event.source == \"x\"")]
    [InlineData("event.type == \"x\" && event.source == \"y\"")]
    [InlineData("event.type == \"x' ")]
    public void Another_rule_is_refused_by_name_and_the_other_subscriptions_stand(string match)
    {
        var (served, refusals) = SubscriptionReader.Read(JsonSerializer.SerializeToUtf8Bytes(new object[]
        {
            new { pubsubname = "p", topic = "t", routes = new { rules = new[] { new { match, path = "/p" } } } },
            new { pubsubname = "p", topic = "u", route = "u" },
        }));
        Assert.Equal("u", Assert.Single(served).Topic);
        Assert.StartsWith($"topic t of p: the embedded sidecar cannot match '{match}'", Assert.Single(refusals), StringComparison.Ordinal);
    }
}
