using System.Net;
using System.Text.Json;

namespace OrderMall.Mall.Tests.People;

/// <summary>Runs the mall: stops and starts its services, and audits it.</summary>
public sealed class Operator(Person who) : Person(who)
{
    /// <summary>Stops services; they are started again when what is returned is disposed, or before.</summary>
    public async Task<Absence> StopAsync(params string[] appIds)
    {
        await Task.WhenAll(appIds.Select(async appId => (await PostAsync($"/api/ops/services/{appId}/stop")).Is(HttpStatusCode.OK)));
        return new Absence(this, appIds);
    }

    /// <summary>Makes the payment provider behave in some way; it is normal again when what is returned is disposed.</summary>
    public async Task<Misbehaviour> ProviderIsAsync(string mode, int delayMs = 1_000)
    {
        (await PutAsync("/api/ops/payment-provider", new { mode, delayMs })).Is(HttpStatusCode.OK);
        return new Misbehaviour(this);
    }

    /// <summary>The states of the circuits from one service to another.</summary>
    public async Task<List<string?>> CircuitsAsync(string from, string to) =>
        [.. (await GetAsync("/api/ops/services")).Is(HttpStatusCode.OK).Json.EnumerateArray()
            .Single(service => service.GetProperty("appId").GetString() == from).GetProperty("circuits").EnumerateArray()
            .Where(circuit => circuit.GetProperty("target").GetString()!.Contains(to, StringComparison.Ordinal))
            .Select(circuit => circuit.GetProperty("state").GetString())];

    /// <summary>Fails unless everything in the mall agrees.</summary>
    /// <returns>The counts.</returns>
    public async Task<JsonElement> FindsAllInOrderAsync()
    {
        var audit = (await GetAsync("/api/ops/audit")).Is(HttpStatusCode.OK).Json;
        Assert.True(audit.GetProperty("disagreements").GetArrayLength() == 0, audit.ToString());
        return audit.GetProperty("counts");
    }

    /// <summary>Services that are stopped.</summary>
    public sealed class Absence(Operator who, string[] appIds) : IAsyncDisposable
    {
        private bool _over;

        /// <summary>Starts them.</summary>
        public async Task EndAsync()
        {
            _over = true;
            await Task.WhenAll(appIds.Select(async appId => (await who.PostAsync($"/api/ops/services/{appId}/start")).Is(HttpStatusCode.OK)));
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
