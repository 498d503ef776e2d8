using OrderMall.Mall;

namespace OrderMall.Web.Tests.Opening;

/// <summary>A mall of its own for the tests of the screens, which come one after the other: some stop its services.</summary>
public sealed class WebMall : MallPeople, IAsyncLifetime
{
    private readonly string _folder = Path.Combine(Path.GetTempPath(), $"ordermall-web-{Guid.NewGuid():N}");
    private EmbeddedMall? _mall;

    public override Uri Address => _mall!.Address;

    /// <summary>Where the screens are.</summary>
    public Uri Web => _mall!.WebAddress;

    public async Task InitializeAsync()
    {
        Directory.CreateDirectory(_folder);
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        _mall = await EmbeddedMall.OpenAsync(new MallOptions { Port = 0, DataDirectory = _folder }, cancellationToken: limit.Token);
    }

    public async Task DisposeAsync()
    {
        if (_mall is not null)
            await _mall.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>Somebody with a browser without scripts.</summary>
    public Visitor Visitor(string language = "en") => new(Web, language);

    /// <summary>The same, signed in as one of the demo.</summary>
    public async Task<Visitor> SignedInAsync(string name, string language = "en")
    {
        var visitor = Visitor(language);
        await visitor.SignInAsync($"{name}@mall.test", "Mall-demo-1");
        return visitor;
    }
}

/// <summary>The tests that share a mall.</summary>
[CollectionDefinition(Name)]
public sealed class WebCollection : ICollectionFixture<WebMall>
{
    public const string Name = "web";
}
