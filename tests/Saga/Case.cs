using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using OrderMall.Contracts;

namespace OrderMall.Saga.Tests;

/// <summary>An offer, and everything that happens while people order it. Its text is JSON that makes the same case again.</summary>
/// <param name="Dated">Whether it is for a day, which may end before everything has happened.</param>
internal sealed record Case(Prepayment Prepayment, Fulfilment Fulfilment, int? Capacity, IReadOnlyList<Step> Steps, bool Dated = false)
{
    private const int FewestSteps = 5;
    private const int MostSteps = 40;

    /// <summary>Cases of every combination of policies, and the smaller ones to look for the cause in when one fails.</summary>
    public static readonly Arbitrary<Case> Any = Arb.From(
        from prepayment in Gen.Elements(Enum.GetValues<Prepayment>())
        from fulfilment in Gen.Elements(Enum.GetValues<Fulfilment>())
        from capacity in Gen.Elements<int?>(1, 2, 3, null, null)
        from dated in Gen.Elements(true, false)
        from length in Gen.Choose(FewestSteps, MostSteps)
        from first in Step.First(prepayment)
        from steps in Step.Any(prepayment, fulfilment, dated).ArrayOf(length)
        select new Case(prepayment, fulfilment, capacity, [.. first, .. steps], dated),
        @case => @case.Smaller());

    public static Case Parse(string json) => JsonSerializer.Deserialize<Case>(json, Step.Json)!;

    public override string ToString() => JsonSerializer.Serialize(this, Step.Json);

    // Without a stretch of its steps: long stretches first.
    private IEnumerable<Case> Smaller()
    {
        for (var length = Steps.Count; length > 0; length /= 2)
        {
            for (var start = 0; start < Steps.Count; start += length)
                yield return this with { Steps = [.. Steps.Take(start), .. Steps.Skip(start + length)] };
        }

        if (Dated)
            yield return this with { Dated = false };
        for (var i = 0; i < Steps.Count; i++)
        {
            foreach (var step in Steps[i].Smaller())
                yield return this with { Steps = [.. Steps.Take(i), step, .. Steps.Skip(i + 1)] };
        }
    }
}
