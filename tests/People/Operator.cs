using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;

namespace OrderMall.People;

/// <summary>Runs the mall: stops and starts its services, and audits it.</summary>
public sealed class Operator(Person who) : Person(who)
{
    /// <summary>Where services are seen, stopped and started.</summary>
    public const string Services = "/api/ops/services";

    private static readonly ConcurrentDictionary<string, bool> Told = new();

    /// <summary>Stops services; they are started again when what is returned is disposed, or before.</summary>
    public async Task<Outage> StopAsync(params string[] appIds)
    {
        await Task.WhenAll(appIds.Select(async appId => (await PostAsync($"{Services}/{appId}/stop")).Is(HttpStatusCode.OK)));
        return new Outage(this, appIds);
    }

    /// <summary>Makes the payment provider behave in some way; it is normal again when what is returned is disposed.</summary>
    public async Task<Misbehaviour> ProviderIsAsync(string mode, int delayMs = 1_000)
    {
        (await PutAsync("/api/ops/payment-provider", new { mode, delayMs })).Is(HttpStatusCode.OK);
        return new Misbehaviour(this);
    }

    /// <summary>Starts what is stopped and has the payment provider as it should be: tests that were ended in the middle leave it otherwise.</summary>
    public async Task RestoreAsync()
    {
        var stopped = (await GetAsync(Services)).Is(HttpStatusCode.OK).Json.EnumerateArray()
            .Where(service => service.GetProperty("status").GetString() == "Stopped")
            .Select(service => service.GetProperty("appId").GetString()!);
        await new Outage(this, [.. stopped]).DisposeAsync();
        await new Misbehaviour(this).DisposeAsync();
    }

    /// <summary>The states of all circuits to an app, whoever calls it.</summary>
    public async Task<List<string?>> CircuitsAsync(string appId) =>
        [.. (await GetAsync(Services)).Is(HttpStatusCode.OK).Json.EnumerateArray()
            .SelectMany(service => service.GetProperty("circuits").EnumerateArray())
            .Where(circuit => circuit.GetProperty("target").GetString()!.Split('/')[0] == appId)
            .Select(circuit => circuit.GetProperty("state").GetString())];

    /// <summary>Fails unless everything in the mall agrees. What disagrees fails one test, and not all that come after it.</summary>
    /// <param name="within">How long what was interrupted may take to be settled; nothing was if left out. Others may be in the middle of something.</param>
    /// <returns>The counts.</returns>
    public async Task<JsonElement> FindsAllInOrderAsync(TimeSpan? within = null)
    {
        List<string> found = [];
        try
        {
            var agreed = await Eventually.Satisfies(
                async () =>
                {
                    found = []; // what an earlier look found and this one cannot tell is told nobody
                    var audit = (await GetAsync("/api/ops/audit")).Is(HttpStatusCode.OK).Json;
                    found = [.. audit.GetProperty("disagreements").EnumerateArray().Select(disagreement => disagreement.ToString()).Where(text => !Told.ContainsKey(text))];
                    return audit;
                },
                audit => found.Count == 0 && audit.GetProperty("complete").GetBoolean(),
                "agree",
                within ?? (OpenMall.Address is null ? TimeSpan.Zero : Eventually.Usual));
            return agreed.GetProperty("counts");
        }
        finally
        {
            found.ForEach(text => Told.TryAdd(text, true));
        }
    }

    /// <summary>Services that are stopped.</summary>
    public sealed class Outage(Operator who, string[] appIds) : IAsyncDisposable
    {
        private bool _over;

        /// <summary>Starts them.</summary>
        public async Task EndAsync()
        {
            _over = true;
            await Task.WhenAll(appIds.Select(async appId => (await who.PostAsync($"{Services}/{appId}/start")).Is(HttpStatusCode.OK)));
        }

        public async ValueTask DisposeAsync()
        {
            if (!_over)
                await EndAsync();
        }
    }

    /// <summary>A payment provider that is not as it should be.</summary>
    public sealed class Misbehaviour(Operator who) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync() =>
            (await who.PutAsync("/api/ops/payment-provider", new { mode = "normal", delayMs = 1_000 })).Is(HttpStatusCode.OK);
    }
}
