namespace OrderMall.Sidecar.Tests;

public sealed class CelExpressionTests
{
    [Theory]
    [InlineData("consecutiveFailures > 5", false)]
    [InlineData("consecutiveFailures >= 5", true)]
    [InlineData("totalFailures * 2 > requests && requests >= 10", true)]
    [InlineData("totalFailures * 100 / requests > 70", false)]
    [InlineData("(requests - totalSuccesses) % 4 == 2", true)]
    [InlineData("requests > 100 || !(totalSuccesses != 4)", true)]
    [InlineData("consecutiveSuccesses == -0", true)]
    [InlineData("requests / consecutiveSuccesses > 0", false)]
    [InlineData("requests in [1, 10]", true)]
    [InlineData("true", true)]
    public void A_trip_condition_is_evaluated(string trip, bool expected) =>
        Assert.Equal(expected, BreakerSettings.ParseTrip(trip).IsTrue(name => name switch
        {
            "requests" => 10L,
            "totalSuccesses" => 4L,
            "totalFailures" => 6L,
            "consecutiveSuccesses" => 0L,
            _ => 5L,
        }));

    [Theory]
    [InlineData("consecutiveFailures", "must be a boolean")]
    [InlineData("failures > 5", "there is no 'failures' here")]
    [InlineData("requests > 0.5", "decimal numbers are not supported")]
    [InlineData("requests > 'x'", "> compares a number with a text")]
    [InlineData("requests > ", "ends where a value is expected")]
    [InlineData("(requests > 1", "a ')' is missing")]
    [InlineData("requests > 1 requests", "cannot understand 'requests'")]
    [InlineData("size(requests) > 1", "function calls such as size(...) are not supported")]
    [InlineData("requests > 1 ? true : false", "cannot understand '? true : false'")]
    [InlineData("requests > 99999999999999999999", "too large a number")]
    public void Another_is_refused_by_name(string trip, string problem)
    {
        var mistake = Assert.Throws<CelException>(() => BreakerSettings.ParseTrip(trip));
        Assert.Contains(problem, mistake.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Nesting_is_bounded() =>
        Assert.Contains("nested", Assert.Throws<CelException>(() => BreakerSettings.ParseTrip(new string('(', 10_000))).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("event.type == \"x\"", true)]
    [InlineData("event.type == 'y' || event.source != \"me\"", false)]
    [InlineData("event.type in [\"w\", \"x\"]", true)]
    [InlineData("event.data.amount > 10 && event.data.urgent", true)]
    [InlineData("event.nosuch == \"x\"", false)]
    [InlineData("event.nosuch != \"x\"", true)]
    public void A_route_is_matched(string match, bool expected)
    {
        var route = $$$"""[{"pubsubname":"p","topic":"t","routes":{"rules":[{"match":{{{System.Text.Json.JsonSerializer.Serialize(match)}}},"path":"/p"}]}}]""";
        var (served, refusals) = SubscriptionReader.Read(System.Text.Encoding.UTF8.GetBytes(route));
        Assert.Empty(refusals);
        var path = Assert.Single(served).PathFor("""{"type":"x","source":"me","data":{"amount":11,"urgent":true}}"""u8.ToArray());
        Assert.Equal(expected ? "/p" : null, path);
    }

    [Fact]
    public void A_route_outside_the_subset_is_refused_and_the_others_stand()
    {
        var (served, refusals) = SubscriptionReader.Read("""
            [{"pubsubname":"p","topic":"t","routes":{"rules":[{"match":"event.type.startsWith(\"x\")","path":"/p"}]}},
             {"pubsubname":"p","topic":"u","route":"u"}]
            """u8.ToArray());
        Assert.Equal(("u", "/u"), (Assert.Single(served).Topic, served[0].Routes[0].Path));
        Assert.Contains("topic t of p: 'event.type.startsWith(\"x\")': function calls such as event.type.startsWith(...) are not supported", Assert.Single(refusals), StringComparison.Ordinal);
    }
}
