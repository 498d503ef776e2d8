using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using OrderMall.ServiceDefaults;
using OrderMall.ServiceDefaults.Dapr;

namespace OrderMall.Sidecar.Tests;

/// <summary>What services rely on of their sidecar, through their adapter on the Dapr SDK.</summary>
public abstract partial class PortsContract(PostgresServer? postgres) : ContractTests(postgres)
{
    private const string TraceParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    [ContractFact]
    public Task A_batch_arrives_with_its_ids_types_keys_and_traces() => WithServiceAsync(async (sidecar, services) =>
    {
        var publisher = services.GetRequiredService<EventPublisher>();
        var at = new DateTimeOffset(2026, 3, 4, 5, 6, 7, TimeSpan.Zero);
        OutgoingEvent[] events =
        [
            .. Enumerable.Range(0, 20).Select(i => new OutgoingEvent(
                $"id-{i}", "OrderAccepted", $"key-{i}", Encoding.UTF8.GetBytes($$"""{"text":"näh \"{{i}}\"","amount":12.50}"""), i % 2 == 0 ? TraceParent : null, at)),
        ];
        await publisher.PublishAsync("notes", events, CancellationToken.None);

        await Eventually.TrueAsync(() => sidecar.AppA.At("/handle").Select(seen => (string?)seen.Json["id"]).ToHashSet().IsSupersetOf(events.Select(e => e.Id)), "all are delivered");
        foreach (var e in events)
        {
            var envelope = sidecar.AppA.At("/handle").First(seen => (string?)seen.Json["id"] == e.Id).Json;
            Assert.Equal(("OrderAccepted", e.Key, "app-b"), ((string?)envelope["type"], (string?)envelope["subject"], (string?)envelope["source"]));
            Assert.Equal((at, "notes"), (DateTimeOffset.Parse((string)envelope["time"]!, CultureInfo.InvariantCulture), (string?)envelope["topic"]));
            // By value: daprd writes data anew, its fields in the order of their names.
            Assert.True(JsonNode.DeepEquals(JsonNode.Parse(e.Data.Span), envelope["data"]), $"The data is {envelope["data"]}.");
            if (e.TraceParent is not null)
                Assert.StartsWith("00-0af7651916cd43dd8448eb211c80319c-", (string?)envelope["traceparent"], StringComparison.Ordinal);
        }
    });

    [ContractFact]
    public Task A_key_is_created_once_and_written_by_who_read_it_last() => WithServiceAsync(async (_, services) =>
    {
        var state = services.GetRequiredService<ServiceDefaults.Dapr.StateStore>();
        var key = $"page {Guid.NewGuid()}/ä";
        Assert.Equal(default, await state.GetAsync(key, PortsJson.Default.Note, CancellationToken.None));
        Assert.True(await state.TrySaveAsync(key, new Note("one", 1.50m), null, PortsJson.Default.Note, CancellationToken.None));
        Assert.False(await state.TrySaveAsync(key, new Note("other", 2), null, PortsJson.Default.Note, CancellationToken.None));

        var (value, etag) = await state.GetAsync(key, PortsJson.Default.Note, CancellationToken.None);
        Assert.Equal(new Note("one", 1.50m), value);
        Assert.True(await state.TrySaveAsync(key, new Note("two", 2), etag, PortsJson.Default.Note, CancellationToken.None));
        Assert.False(await state.TrySaveAsync(key, new Note("late", 3), etag, PortsJson.Default.Note, CancellationToken.None));
        Assert.Equal(new Note("two", 2), (await state.GetAsync(key, PortsJson.Default.Note, CancellationToken.None)).Value);
    });

    [ContractFact]
    public Task Several_keys_are_read_at_once_and_missing_ones_are_absent() => WithServiceAsync(async (_, services) =>
    {
        var state = services.GetRequiredService<ServiceDefaults.Dapr.StateStore>();
        var keys = Enumerable.Range(0, 30).Select(i => $"note-{Guid.NewGuid()}-{i}").ToList();
        foreach (var (i, key) in keys.Index().Where(pair => pair.Index % 3 != 0))
            await state.TrySaveAsync(key, new Note(key, i), null, PortsJson.Default.Note, CancellationToken.None);

        var found = await state.GetManyAsync(keys, PortsJson.Default.Note, CancellationToken.None);
        Assert.Equal(keys.Index().Where(pair => pair.Index % 3 != 0).ToDictionary(pair => pair.Item, pair => new Note(pair.Item, pair.Index)), found.ToDictionary(pair => pair.Key, pair => pair.Value.Value!));
        Assert.All(found.Values, entry => Assert.NotEmpty(entry.ETag!));
        Assert.Empty(await state.GetManyAsync([], PortsJson.Default.Note, CancellationToken.None));
    });

    [ContractFact]
    public Task Several_keys_are_written_in_one_call_each_if_nobody_else_has() => WithServiceAsync(async (_, services) =>
    {
        var state = services.GetRequiredService<ServiceDefaults.Dapr.StateStore>();
        var (known, created, other) = ($"known-{Guid.NewGuid()}", $"created-{Guid.NewGuid()}", $"other-{Guid.NewGuid()}");
        Assert.True(await state.TrySaveManyAsync([], CancellationToken.None));
        Assert.True(await SaveAsync(Of(known, 1, etag: null)));
        var read = (await ReadAsync(known)).ETag;
        Assert.True(await SaveAsync(Of(known, 2, read), Of(created, 1, etag: null)));

        // Whoever read it before, or believes that it is not there, changes neither; a third key may be written or not.
        Assert.False(await SaveAsync(Of(known, 3, read), Of(other, 1, etag: null)));
        Assert.False(await SaveAsync(Of(created, 4, etag: null)));
        Assert.False(await state.TrySaveAsync(created, new Note("late", 5), null, PortsJson.Default.Note, CancellationToken.None));
        Assert.Equal((new Note("ä", 2), new Note("ä", 1)), ((await ReadAsync(known)).Value, (await ReadAsync(created)).Value));
        Assert.True(await SaveAsync(Of(known, 6, (await ReadAsync(known)).ETag), Of(created, 6, (await ReadAsync(created)).ETag)));

        StateWrite Of(string key, decimal amount, string? etag) => StateWrite.Of(key, new Note("ä", amount), etag, PortsJson.Default.Note);

        Task<bool> SaveAsync(params StateWrite[] writes) => state.TrySaveManyAsync(writes, CancellationToken.None);

        Task<StateEntry<Note>> ReadAsync(string key) => state.GetAsync(key, PortsJson.Default.Note, CancellationToken.None);
    });

    [ContractFact]
    public Task A_question_is_answered_and_every_failure_is_one_of_the_callee() => WithServiceAsync(async (sidecar, services) =>
    {
        var client = services.GetRequiredKeyedService<ServiceClient>("app-a");
        sidecar.AppA.Answers["/ask"] = TestApp.Status(200, """{"text":"yes","amount":1}""");
        Assert.Equal(new Note("yes", 1), await AskAsync(client));
        Assert.Equal("""{"text":"why?","amount":0}""", sidecar.AppA.At("/ask").Single().Body);

        foreach (var (status, body) in new[] { (500, "no"), (404, ""), (200, "not json"), (200, "null") })
        {
            sidecar.AppA.Answers["/ask"] = TestApp.Status(status, body);
            Assert.Equal("app-a", (await Assert.ThrowsAsync<ServiceUnavailableException>(() => AskAsync(client))).AppId);
        }
    });

    private static Task<Note> AskAsync(ServiceClient client) =>
        client.AskAsync("ask", new Note("why?", 0), PortsJson.Default.Note, PortsJson.Default.Note, CancellationToken.None);

    private Task WithServiceAsync(Func<SidecarUnderTest, IServiceProvider, Task> test) => WithAsync(
        new Setup { SubscriptionsOfA = """[{"pubsubname":"pubsub","topic":"notes","route":"/handle"}]""", ApiToken = "token" },
        async sidecar =>
        {
            await using var service = ServiceHost.Create<AppB>(
            [
                "--urls", "http://127.0.0.1:0",
                "--DAPR_HTTP_PORT", $"{sidecar.SidecarPortB}", "--DAPR_GRPC_PORT", $"{sidecar.GrpcPortB}",
                "--DAPR_API_TOKEN", "token", "--APP_API_TOKEN", "unused", "--Logging:LogLevel:Default", "Warning",
            ]);
            await test(sidecar, service.Services);
        });

    /// <summary>The service under test beside app-b's sidecar: only its ports matter.</summary>
    private sealed class AppB : IMallService
    {
        public static string AppId => "app-b";

        public static void Configure(WebApplicationBuilder builder) => builder.AddServiceClient("app-a");

        public static void Map(WebApplication app)
        {
        }
    }

    internal sealed record Note(string Text, decimal Amount);

    [JsonSourceGenerationOptions(System.Text.Json.JsonSerializerDefaults.Web)]
    [JsonSerializable(typeof(Note))]
    internal sealed partial class PortsJson : JsonSerializerContext;
}

/// <summary>The ports beside the embedded sidecar.</summary>
[Collection(PostgresCollection.Name)]
public sealed class PortsOfEmbedded(PostgresServer postgres) : PortsContract(postgres);

/// <summary>The ports beside the real daprd.</summary>
[AgainstDaprd]
public sealed class PortsOfDaprd() : PortsContract(null);
