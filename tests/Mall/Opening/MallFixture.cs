namespace OrderMall.Mall.Tests.Opening;

/// <summary>
/// The mall that the tests visit, and the people of its demo. All there is to know of how it was opened: by default one
/// embedded mall for the whole assembly; with the variable <c>MALL_URL</c> the mall that is open there.
/// </summary>
public sealed class MallFixture : MallPeople, IAsyncLifetime
{
    private static readonly TimeSpan OpeningLimit = TimeSpan.FromMinutes(1);
    private static readonly Lazy<Task<Opened>> Shared = new(OpenAsync);

    private Opened? _mall;

    /// <summary>As xunit makes it: opened before the first test.</summary>
    public MallFixture()
    {
    }

    /// <summary>A mall that is open.</summary>
    internal MallFixture(Uri address) => _mall = new Opened(address, null, null);

    /// <inheritdoc/>
    public override Uri Address => _mall!.Address;

    /// <summary>Whether nobody but the tests is there, or ever was.</summary>
    public bool IsOurs => _mall!.Embedded is not null;

    /// <inheritdoc/>
    public async Task InitializeAsync() => _mall = await Shared.Value;

    /// <inheritdoc/>
    public Task DisposeAsync() => Task.CompletedTask;

    /// <summary>
    /// Who sends workers: the demo's cleaning company. Where others are too, they ask for its visits: there it is the restaurant,
    /// of whom nobody else does.
    /// </summary>
    public Task<Shop> CleaningCompanyAsync() => ShopAsync(IsOurs ? "sparkle" : "bistro");

    internal static async Task CloseAsync()
    {
        if (Shared.IsValueCreated && Shared.Value.IsCompletedSuccessfully && await Shared.Value is { Embedded: { } embedded } mall)
        {
            await embedded.DisposeAsync();
            mall.Data!.Dispose();
        }
    }

    private static async Task<Opened> OpenAsync()
    {
        if (OpenMall.Address is { } address)
        {
            if (Needs.Lacks(Need.Faults) is null)
                await (await new MallFixture(address).OperatorAsync()).RestoreAsync();
            return new Opened(address, null, null);
        }

        var data = new MallFolder();
        using var limit = new CancellationTokenSource(OpeningLimit);
        try
        {
            var embedded = await EmbeddedMall.OpenAsync(new MallOptions { Port = 0, DataDirectory = data.Path }, cancellationToken: limit.Token);
            return new Opened(embedded.Address, embedded, data);
        }
        catch
        {
            data.Dispose();
            throw;
        }
    }

    private sealed record Opened(Uri Address, EmbeddedMall? Embedded, MallFolder? Data);
}
