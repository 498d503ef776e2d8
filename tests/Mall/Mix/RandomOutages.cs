using System.Net;

namespace OrderMall.Mall.Tests.Mix;

/// <summary>The faults of the mix: services stop and start, and the payment provider changes its mode.</summary>
internal sealed class RandomOutages(Operator op, int seed)
{
    private static readonly string[] Modes = ["normal", "normal", "normal", "slow", "down", "decline"];

    private readonly Random _random = new(seed);

    /// <summary>How often what was stopped.</summary>
    public SortedDictionary<string, int> Stops { get; } = [];

    /// <summary>Happens until it is over; then all runs, and the provider is as it should be.</summary>
    public async Task HappenAsync(CancellationToken over)
    {
        var services = (await op.GetAsync("/api/ops/services")).Is(HttpStatusCode.OK).Json.EnumerateArray()
            .Where(service => service.GetProperty("status").GetString() == "Running")
            .Select(service => service.GetProperty("appId").GetString()!)
            .Where(appId => appId != "gateway") // what everybody comes through
            .ToArray();
        while (!over.IsCancellationRequested)
        {
            await using var mode = await op.ProviderIsAsync(Modes[_random.Next(Modes.Length)], _random.Next(100, 2_000));
            _random.Shuffle(services);
            var stopped = services[.._random.Next(1, 4)];
            foreach (var appId in stopped)
                Stops[appId] = Stops.GetValueOrDefault(appId) + 1;
            await using (var outage = await op.StopAsync(stopped))
                await Task.Delay(_random.Next(100, 2_000), CancellationToken.None);
            await Task.Delay(_random.Next(2_000), CancellationToken.None);
        }
    }
}
