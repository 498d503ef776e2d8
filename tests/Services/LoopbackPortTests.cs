using OrderMall.Postgres;

namespace OrderMall.Services.Tests;

/// <summary>The ports that servers are given before they listen.</summary>
public sealed class LoopbackPortTests
{
    [Fact]
    public void Ports_come_from_blocks_whose_first_port_is_held_against_every_other_mall()
    {
        var ports = LoopbackPort.Find(150);
        Assert.Equal(150, ports.Distinct().Count());
        Assert.All(ports, port => Assert.InRange(port, 20_001, 31_999));
        Assert.All(ports.Select(port => port / 100 * 100).Distinct(), block => Assert.False(LoopbackPort.IsFree(block)));
    }
}
