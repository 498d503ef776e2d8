using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging;
using OrderMall.Mall;

namespace OrderMall.Web.Tests.Opening;

/// <summary>A mall of its own for the tests of the screens, which come one after the other: some stop its services.</summary>
public sealed class WebMall : MallPeople, IAsyncLifetime
{
    /// <summary>Of who registers.</summary>
    public const string Password = "Correct-horse-7";

    private readonly string _folder = Path.Combine(Path.GetTempPath(), $"ordermall-web-{Guid.NewGuid():N}");
    private WebApplication _push = null!;
    private EmbeddedMall? _mall;

    /// <summary>What the provider of push messages was given.</summary>
    public ConcurrentQueue<JsonElement> Pushed { get; } = [];

    public override Uri Address => _mall!.Address;

    /// <summary>Where the screens are.</summary>
    public Uri Web => _mall!.WebAddress;

    public async Task InitializeAsync()
    {
        Directory.CreateDirectory(_folder);
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        _push = PushProvider();
        await _push.StartAsync(limit.Token);
        // Tests may come from any address, as behind a proxy.
        var settings = new Dictionary<string, string> { ["Web:Proxies"] = "127.0.0.1", ["Push:Address"] = $"{_push.Urls.Single()}/messages", ["Push:Key"] = "push-key" };
        _mall = await EmbeddedMall.OpenAsync(new MallOptions { Port = 0, DataDirectory = _folder, Settings = settings }, cancellationToken: limit.Token);
    }

    public async Task DisposeAsync()
    {
        if (_mall is not null)
            await _mall.DisposeAsync();
        await _push.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>Somebody with a browser without scripts.</summary>
    public Visitor Visitor(string language = "en") => new(Web, language);

    /// <summary>The same, who has just registered.</summary>
    public async Task<Visitor> RegisteredAsync(string email, string name = "New", string language = "en")
    {
        var visitor = Visitor(language);
        await visitor.RegisterAsync(email, Password, name);
        return visitor;
    }

    /// <summary>Places an order with delivery; retries while it is 503, such as while the circuit of payment is still open.</summary>
    public static async Task<Guid> OrderAsync(Person person, Guid offerId) =>
        (await Eventually.Satisfies(
            () => person.PostAsync("/api/orders", new { offerId, quantity = 1, destination = Customer.Destination, paymentMethod = "card_ok" }), answer => answer.Status == HttpStatusCode.Created, "be taken"))
            .Json.GetProperty("id").GetGuid();

    private WebApplication PushProvider()
    {
        var builder = WebApplication.CreateSlimBuilder(["--urls", "http://127.0.0.1:0"]);
        builder.Logging.ClearProviders();
        var app = builder.Build();
        app.MapPost("/messages", (JsonElement message) => Pushed.Enqueue(message));
        return app;
    }

    /// <summary>An address that nobody has.</summary>
    public static string NewEmail() => $"{Guid.NewGuid():N}@mall.test";

    /// <summary>The same, signed in as one of the demo.</summary>
    public async Task<Visitor> SignedInAsync(string name, string language = "en")
    {
        var visitor = Visitor(language);
        await visitor.SignInAsync($"{name}@mall.test", "Mall-demo-1");
        return visitor;
    }
}

/// <summary>The tests that share a mall, and a browser.</summary>
[CollectionDefinition(Name)]
public sealed class WebCollection : ICollectionFixture<WebMall>, ICollectionFixture<Browser>
{
    public const string Name = "web";
}
