using FsCheck;
using FsCheck.Fluent;
using OrderMall.Saga.Tests.World;
using Xunit.Abstractions;

namespace OrderMall.Saga.Tests;

/// <summary>
/// Whatever happens, in whatever order, twice, late or never, and whoever crashes meanwhile: once everybody is back, the
/// rules hold. <c>SAGA_CASES</c> sets how many cases are tried, <c>SAGA_SEED</c> which, and <c>SAGA_CASE</c> tries one
/// case alone, written as a failure prints it.
/// </summary>
public sealed class SagaProperties(SagaWorld world, ITestOutputHelper output) : IClassFixture<SagaWorld>
{
    private const int UsualCases = 80;
    private const double LeastAwaiting = 0.25;

    [Fact]
    public async Task The_rules_hold_whatever_happens()
    {
        if (Environment.GetEnvironmentVariable("SAGA_CASE") is { Length: > 0 } json)
        {
            await LiveThroughAsync(Case.Parse(json));
            return;
        }

        var cases = int.TryParse(Environment.GetEnvironmentVariable("SAGA_CASES"), out var wanted) ? wanted : UsualCases;
        var seed = ulong.TryParse(Environment.GetEnvironmentVariable("SAGA_SEED"), out var given) ? given : (ulong)Random.Shared.NextInt64();
        output.WriteLine($"{cases} cases with SAGA_SEED={seed}");
        await Task.Run(() => Check.One(
            Config.QuickThrowOnFailure.WithMaxTest(cases).WithReplay(new Replay(new Rnd(seed), null)),
            Prop.ForAll(Case.Any, @case => LiveThroughAsync(@case).GetAwaiter().GetResult())));
        output.WriteLine($"{world.AwaitedCases} of {world.PrepaidCases} cases with something to be paid came to wait for it");
        if (cases >= UsualCases)
            Assert.True(world.AwaitedCases >= LeastAwaiting * world.PrepaidCases, "Too few cases come to wait for payment: weigh the steps so that more do.");
        output.WriteLine(string.Join('\n', world.Seen.OrderBy(seen => seen.Key).Select(seen => $"{seen.Value,6} {seen.Key}")));
    }

    private async Task LiveThroughAsync(Case @case)
    {
        try
        {
            await world.LiveThroughAsync(@case);
        }
        catch (Exception e)
        {
            Assert.Fail($"{e.Message}\nTo see it again: SAGA_CASE='{@case}'\n{string.Join('\n', world.Story)}\n{e.StackTrace}");
        }
    }
}
