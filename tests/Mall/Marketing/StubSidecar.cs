using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using OrderMall.Contracts.Calls;

namespace OrderMall.Mall.Tests.Marketing;

/// <summary>A sidecar's state store in memory that does as a test says. Like Redis, it writes what has no conflict of a request that has one.</summary>
internal sealed class StubSidecar : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, (JsonNode Value, int Etag)> _state = [];

    private StubSidecar()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        _app = builder.Build();
        _app.MapPost("/v1.0/state/statestore/bulk", (JsonObject question) => Down ? Results.StatusCode(500) : Results.Text(Read((JsonArray)question["keys"]!).ToJsonString(), "application/json"));
        _app.MapPost("/v1.0/invoke/ordering/method/history", (JsonObject question) =>
        {
            Asked.Enqueue((string?)question["after"]);
            return Answers.TryDequeue(out var answer) ? Results.Text(answer, "application/json", statusCode: answer == "" ? 500 : 200) : Results.Text("""{"items":[],"next":null}""", "application/json");
        });
        _app.MapPost("/v1.0/invoke/catalog/method/orderable-offers", (OrderableOffersRequest question) =>
        {
            AskedOfCatalog.Enqueue(question.OfferIds.Count);
            return CatalogIsDown ? Results.StatusCode(500) : Results.Json(new OrderableOffersAnswer([.. question.OfferIds.Where(offer => !OffSale.Contains(offer))]));
        });
        _app.MapPost("/v1.0/state/statestore", async (JsonArray items) =>
        {
            if ((string?)items[0]!["key"] != "rebuild" && BeforeSave.TryDequeue(out var before))
                await before();
            return Results.StatusCode(Down ? 500 : Save(items));
        });
    }

    /// <summary>Where the pages began that ordering was asked for.</summary>
    public ConcurrentQueue<string?> Asked { get; } = new();

    /// <summary>What ordering answers, one each, nothing at all where it is empty; then that it has nothing.</summary>
    public ConcurrentQueue<string> Answers { get; } = new();

    /// <summary>How many offers each question to catalog was about.</summary>
    public ConcurrentQueue<int> AskedOfCatalog { get; } = new();

    /// <summary>The offers that cannot be ordered.</summary>
    public ISet<Guid> OffSale { get; } = new HashSet<Guid>();

    /// <summary>Whether catalog answers nothing but errors.</summary>
    public bool CatalogIsDown { get; set; }

    /// <summary>What to do before the next saves, one each, but for those about <c>rebuild</c>.</summary>
    public ConcurrentQueue<Func<Task>> BeforeSave { get; } = new();

    /// <summary>Whether the store answers nothing but errors.</summary>
    public bool Down { get; set; }

    public int Port => new Uri(_app.Urls.Single()).Port;

    public static async Task<StubSidecar> StartAsync()
    {
        var sidecar = new StubSidecar();
        await sidecar._app.StartAsync();
        return sidecar;
    }

    /// <summary>A value, or <see langword="null"/>.</summary>
    public JsonNode? this[string key]
    {
        get
        {
            lock (_lock)
                return _state.TryGetValue(key, out var entry) ? entry.Value.DeepClone() : null;
        }
    }

    /// <summary>Loses every key.</summary>
    public void ForgetState()
    {
        lock (_lock)
            _state.Clear();
    }

    /// <summary>Writes as another replica would.</summary>
    public void Put(string key, JsonNode value)
    {
        lock (_lock)
            _state[key] = (value, _state.GetValueOrDefault(key).Etag + 1);
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private JsonArray Read(JsonArray keys)
    {
        lock (_lock)
        {
            return [.. keys.Select(key => _state.TryGetValue((string)key!, out var entry)
                ? new JsonObject { ["key"] = (string)key!, ["data"] = entry.Value.DeepClone(), ["etag"] = entry.Etag.ToString(CultureInfo.InvariantCulture) }
                : new JsonObject { ["key"] = (string)key! })];
        }
    }

    private int Save(JsonArray items)
    {
        var status = StatusCodes.Status204NoContent;
        lock (_lock)
        {
            foreach (var item in items)
            {
                var key = (string)item!["key"]!;
                var etag = _state.GetValueOrDefault(key).Etag;
                var given = (string?)item["etag"];
                if (given is null ? etag > 0 : given != etag.ToString(CultureInfo.InvariantCulture))
                    status = given is null ? StatusCodes.Status500InternalServerError : StatusCodes.Status409Conflict;
                else
                    _state[key] = (item["value"]!.DeepClone(), etag + 1);
            }
        }

        return status;
    }
}
