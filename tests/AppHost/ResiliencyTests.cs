using System.Globalization;
using System.Text.RegularExpressions;

namespace OrderMall.AppHost.Tests;

/// <summary>What happens to an event that cannot be handled is the same on Azure as elsewhere.</summary>
public sealed class ResiliencyTests
{
    private static readonly string Azure = Repository.Read("components/azure/pubsub.bicep");
    private static readonly ResiliencyFile File = ResiliencyFile.Read();

    [Fact]
    public void Events_are_tried_for_as_long_and_as_often_on_Azure()
    {
        var inbound = File["spec", "targets", "components", "pubsub", "inbound"];
        Assert.Equal(["retry", "timeout"], inbound.Keys.Order());
        var retry = File["spec", "policies", "retries", inbound["retry"]];
        Assert.Equal(["maxInterval", "maxRetries", "policy"], retry.Keys.Order());
        Assert.Equal("exponential", retry["policy"]);

        Assert.Equal(ResiliencyFile.Duration(File["spec", "policies", "timeouts"][inbound["timeout"]]), TimeSpan.FromSeconds(Number("responseTimeoutInSeconds")));
        Assert.Equal(retry["maxRetries"], $"{Number("maxRetries")}");
        Assert.Equal(ResiliencyFile.Duration(retry["maxInterval"]), TimeSpan.FromMilliseconds(Number("maxIntervalInMilliseconds")));
        // Where Dapr begins, which the file does not say otherwise.
        Assert.Equal(500, Number("initialDelayInMilliseconds"));
        Assert.DoesNotContain("circuitBreakerPolicy", Azure, StringComparison.Ordinal);
        Assert.DoesNotContain("outboundPolicy", Azure, StringComparison.Ordinal);
    }

    [Fact]
    public void Service_Bus_does_not_take_an_event_away_before_its_retries_are_over()
    {
        var longest = Number("maxRetries") * (Number("responseTimeoutInSeconds") + (Number("maxIntervalInMilliseconds") / 1000));
        Assert.InRange(Metadata("handlerTimeoutInSec"), longest, int.MaxValue);
        Assert.Equal(2000, Metadata("maxDeliveryCount"));
    }

    private static int Number(string property) =>
        int.Parse(Assert.Single(Regex.Matches(Azure, $@"\b{property}: (\d+)").AsEnumerable()).Groups[1].Value, CultureInfo.InvariantCulture);

    private static int Metadata(string name) =>
        int.Parse(Assert.Single(Regex.Matches(Azure, $@"name: '{name}', value: '(\d+)'").AsEnumerable()).Groups[1].Value, CultureInfo.InvariantCulture);
}
