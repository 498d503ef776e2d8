using System.Net;

namespace OrderMall.Mall.Tests.Opening;

/// <summary>
/// A mall whose services are processes, with two of ordering, payment, store and the gateway: one for all tests of
/// <see cref="IsolatedMallCollection"/>. Its rate limits are the usual ones: who must not be refused asks no more often than people do.
/// </summary>
public sealed class IsolatedMall : MallPeople, IAsyncLifetime
{
    // So many processes that compile themselves at the same time need a minute on two busy cores.
    private static readonly TimeSpan OpeningLimit = TimeSpan.FromMinutes(3);
    private readonly MallFolder _data = new();
    private EmbeddedMall? _mall;

    /// <inheritdoc/>
    public override Uri Address => Mall.Address;

    /// <summary>The mall itself.</summary>
    public EmbeddedMall Mall => _mall!;

    /// <summary>Where it keeps everything.</summary>
    public string Folder => _data.Path;

    /// <inheritdoc/>
    public async Task InitializeAsync()
    {
        if (OpenMall.Address is not null)
            return; // its tests are skipped
        using var limit = new CancellationTokenSource(OpeningLimit);
        _mall = await EmbeddedMall.OpenAsync(
            new MallOptions
            {
                Port = 0,
                DataDirectory = _data.Path,
                Isolated = true,
                ReplicasOf = new Dictionary<string, int> { ["ordering"] = 2, ["payment"] = 2, ["store"] = 2, ["gateway"] = 2 },
            },
            ct: limit.Token);
    }

    /// <summary>Waits until what the test before ended is back.</summary>
    public async Task IsWellAsync()
    {
        await Eventually.Is(true, async () => (await Mall.ServicesAsync()).All(service => service.Instances == Mall.InstancesOf(service.AppId)));
        await Eventually.Is(HttpStatusCode.OK, async () => (await Anyone.GetAsync("/api/offers?limit=1")).Status);
        var (shop, customer) = (await BookshopAsync(), await NewCustomerAsync());
        var offer = await shop.SellBookAsync();
        await Eventually.Is(HttpStatusCode.Created, async () => (await customer.OrderAsync(offer)).Status);
    }

    /// <summary>Waits until all instances of a service are others than those.</summary>
    public Task HasReplacedAsync(string appId, IReadOnlyList<int> gone, TimeSpan within) => Eventually.Is(
        true,
        async () => Mall.ProcessIds(appId) is { } now && now.Count == Mall.InstancesOf(appId) && !now.Intersect(gone).Any()
            && (await Mall.ServicesAsync()).Single(service => service.AppId == appId).Instances == now.Count,
        within);

    /// <inheritdoc/>
    public async Task DisposeAsync()
    {
        if (_mall is not null)
            await _mall.DisposeAsync();
        _data.Dispose();
    }
}
