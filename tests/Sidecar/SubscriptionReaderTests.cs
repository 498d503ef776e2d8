using System.Text;
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
        Assert.Equal(expected ? "/p" : null, Assert.Single(served).RouteFor(type)?.Path);
    }

    [Theory]
    [InlineData("event.type.startsWith(\"x\")")]
    [InlineData("event.type in [\"x\"]")]
    [InlineData("event.source == \"x\"")]
    [InlineData("event.type == \"x\" && event.source == \"y\"")]
    [InlineData("event.type == \"x' ")]
    public void Another_rule_is_told_by_name_and_all_the_rest_stands(string match)
    {
        var (served, refusals) = SubscriptionReader.Read(JsonSerializer.SerializeToUtf8Bytes(new object[]
        {
            new { pubsubname = "p", topic = "t", routes = new { rules = new[] { new { match = "event.type == 'first'", path = "/first" }, new { match, path = "/p" } }, @default = "/else" } },
            new { pubsubname = "p", topic = "u", route = "u" },
        }));
        Assert.Equal(["t", "u"], served.Select(subscription => subscription.Topic));
        Assert.Equal(("/first", null), (served[0].RouteFor("first")!.Path, served[0].RouteFor("first")!.Problem));
        // It may be for the rule or for what is behind it.
        Assert.StartsWith($"the embedded sidecar cannot match '{match}'", served[0].RouteFor("other")!.Problem, StringComparison.Ordinal);
        Assert.StartsWith($"topic t of p: the embedded sidecar cannot match '{match}'", Assert.Single(refusals), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"enabled":true}""", 100, 1000)]
    [InlineData("""{"enabled":true,"maxMessagesCount":0,"maxAwaitDurationMs":20}""", 100, 20)]
    [InlineData("""{"enabled":true,"maxMessagesCount":7}""", 7, 1000)]
    public void Delivery_in_bulk_is_bounded_as_the_app_says_or_as_daprd_does(string bulk, int count, int milliseconds)
    {
        var (served, _) = SubscriptionReader.Read(Encoding.UTF8.GetBytes($$"""[{"pubsubname":"p","topic":"t","route":"/x","bulkSubscribe":{{bulk}}}]"""));
        Assert.Equal(new BulkSubscribe(count, TimeSpan.FromMilliseconds(milliseconds)), Assert.Single(served).Bulk);
    }

    [Theory]
    [InlineData("""{"enabled":false}""")]
    [InlineData("""{}""")]
    [InlineData("null")]
    public void Without_it_events_come_one_by_one(string bulk)
    {
        var (served, _) = SubscriptionReader.Read(Encoding.UTF8.GetBytes($$"""[{"pubsubname":"p","topic":"t","route":"/x","bulkSubscribe":{{bulk}}}]"""));
        Assert.Null(Assert.Single(served).Bulk);
    }
}
