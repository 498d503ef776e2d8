namespace OrderMall.Mall.Tests.Opening;

/// <summary>
/// A mall whose services are processes, with two of ordering, payment, store and the gateway: one for all tests of the class that
/// asks for it. Its rate limits are those of nobody.
/// </summary>
public sealed class IsolatedMall : MallPeople, IAsyncLifetime
{
    private static readonly TimeSpan OpeningLimit = TimeSpan.FromMinutes(1);
    private readonly MallFolder _data = new();
    private EmbeddedMall? _mall;

    /// <inheritdoc/>
    public override Uri Address => Mall.Address;

    /// <summary>The mall itself.</summary>
    public EmbeddedMall Mall => _mall!;

    /// <inheritdoc/>
    public async Task InitializeAsync()
    {
        if (OpenMall.Address is not null)
            return; // its tests are skipped
        using var limit = new CancellationTokenSource(OpeningLimit);
        // Not MALL_SIDECAR's choice: what is tried here is how the embedded mall heals, and how its own sidecar finds who is well.
        _mall = await EmbeddedMall.OpenAsync(
            new MallOptions
            {
                Port = 0,
                DataDirectory = _data.Path,
                Isolated = true,
                Daprd = false,
                ReplicasOf = new Dictionary<string, int> { ["ordering"] = 2, ["payment"] = 2, ["store"] = 2, ["gateway"] = 2 },
            },
            ct: limit.Token);
    }

    /// <inheritdoc/>
    public async Task DisposeAsync()
    {
        if (_mall is not null)
            await _mall.DisposeAsync();
        _data.Dispose();
    }
}
