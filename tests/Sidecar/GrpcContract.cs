using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dapr.Client.Autogen.Grpc.v1;
using Google.Protobuf;
using Google.Rpc;
using Grpc.Core;
using Concurrency = Dapr.Client.Autogen.Grpc.v1.StateOptions.Types.StateConcurrency;
using RuntimeClient = Dapr.Client.Autogen.Grpc.v1.Dapr.DaprClient;

namespace OrderMall.Sidecar.Tests;

[Collection(PostgresCollection.Name)]
public sealed class GrpcOfEmbedded(PostgresServer postgres) : GrpcContract(postgres)
{
    [Fact]
    public Task A_transaction_with_a_stale_etag_changes_nothing() => WithAsync(new(), async sidecar =>
    {
        var dapr = new RuntimeClient(sidecar.GrpcA);
        await SaveAsync(dapr, Item("t1", "1"), Item("t2", "2"));
        await RefusedAsync(
            StatusCode.Internal,
            "error while executing state transaction: possible etag mismatch. error from state store",
            "ERR_STATE_TRANSACTION",
            () => TransactAsync(dapr, ("upsert", Item("t1", "9")), ("upsert", Item("t2", "9", etag: "77"))));
        Assert.Equal(("1", "1"), await GetAsync(dapr, "t1"));
    });

    [Fact]
    public Task What_the_sidecar_has_not_is_unimplemented() => WithAsync(new(), async sidecar =>
    {
        var dapr = new RuntimeClient(sidecar.GrpcA);
        var refused = await Assert.ThrowsAsync<RpcException>(async () => await dapr.GetSecretAsync(new GetSecretRequest { StoreName = "secretstore", Key = "k" }, deadline: Soon));
        Assert.Equal(StatusCode.Unimplemented, refused.StatusCode);
        Assert.Contains("GetSecret", refused.Status.Detail, StringComparison.Ordinal);
    });
}

[AgainstDaprd]
public sealed class GrpcOfDaprd() : GrpcContract(null);

/// <summary>Dapr's gRPC API, as dapr/dapr has it in pkg/api/grpc.</summary>
public abstract class GrpcContract(PostgresServer? postgres) : ContractTests(postgres)
{
    private const string TraceId = "0af7651916cd43dd8448eb211c80319c";
    private const string Trace = $"00-{TraceId}-b7ad6b7169203331-01";

    // Topics and keys of its own for each test, since daprd's Redis is kept between them.
    private readonly string _run = Guid.NewGuid().ToString("n");

    private protected static DateTime Soon => DateTime.UtcNow.AddSeconds(20);

    private string Topic => $"orders-{_run}";

    private Setup Subscribed => new() { SubscriptionsOfA = $$"""[{"pubsubname":"pubsub","topic":"{{Topic}}","route":"/handle"}]""" };

    [ContractFact]
    public Task An_event_arrives_in_an_envelope_and_in_the_trace_of_its_call() => WithAsync(Subscribed, async sidecar =>
    {
        var dapr = new RuntimeClient(sidecar.GrpcB);
        var published = new PublishEventRequest
        {
            PubsubName = "pubsub",
            Topic = Topic,
            DataContentType = "application/json",
            Data = ByteString.CopyFromUtf8("""{"note":"hällo"}"""),
            Metadata = { ["cloudevent.id"] = "id-1", ["cloudevent.type"] = "my.type" },
        };
        using var call = dapr.PublishEventAsync(published, new Metadata { { "traceparent", Trace } }, Soon);
        await call;
        Assert.Equal(TraceId, TraceIdOf(await call.ResponseHeadersAsync));

        var envelope = (await ReceivedAsync(sidecar, 1)).Single().Json;
        Assert.Equal(("id-1", "my.type", "app-b", "1.0"), ((string?)envelope["id"], (string?)envelope["type"], (string?)envelope["source"], (string?)envelope["specversion"]));
        Assert.Equal((Topic, "pubsub", "hällo"), ((string?)envelope["topic"], (string?)envelope["pubsubname"], (string?)envelope["data"]!["note"]));
        Assert.Equal(TraceId, ((string)envelope["traceparent"]!).Split('-')[1]);
    });

    [ContractFact]
    public Task A_binary_trace_goes_before_the_text() => WithAsync(Subscribed, async sidecar =>
    {
        var dapr = new RuntimeClient(sidecar.GrpcB);
        byte[] binary = [0, 0, .. Convert.FromHexString(TraceId), 1, .. Convert.FromHexString("b7ad6b7169203331"), 2, 1];
        var other = "00-aaaa651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        await dapr.PublishEventAsync(
            new PublishEventRequest { PubsubName = "pubsub", Topic = Topic, DataContentType = "text/plain", Data = ByteString.CopyFromUtf8("plain text") },
            new Metadata { { "grpc-trace-bin", binary }, { "traceparent", other } },
            Soon);

        var envelope = (await ReceivedAsync(sidecar, 1)).Single().Json;
        Assert.Equal(("plain text", TraceId), ((string?)envelope["data"], ((string)envelope["traceparent"]!).Split('-')[1]));
    });

    [ContractFact]
    public Task A_raw_payload_is_delivered_bare() => WithAsync(Subscribed, async sidecar =>
    {
        var dapr = new RuntimeClient(sidecar.GrpcB);
        await dapr.PublishEventAsync(
            new PublishEventRequest { PubsubName = "pubsub", Topic = Topic, Data = ByteString.CopyFromUtf8("""{"raw":1}"""), Metadata = { ["rawPayload"] = "true" } },
            deadline: Soon);
        Assert.Equal("""{"raw":1}""", (await ReceivedAsync(sidecar, 1)).Single().Body);
    });

    [ContractFact]
    public Task Ready_cloud_events_published_at_once_keep_all_that_is_theirs() => WithAsync(Subscribed, async sidecar =>
    {
        var dapr = new RuntimeClient(sidecar.GrpcB);
        var request = new BulkPublishRequest { PubsubName = "pubsub", Topic = Topic, Entries = { CloudEvent("1", Trace), CloudEvent("2", null) } };
        Assert.Empty((await dapr.BulkPublishEventAsync(request, deadline: Soon)).FailedEntries);
        request.Entries.Clear();
        request.Entries.Add(CloudEvent("3", Trace));
#pragma warning disable CS0612, CS0618 // older apps call it so
        Assert.Empty((await dapr.BulkPublishEventAlpha1Async(request, deadline: Soon)).FailedEntries);
#pragma warning restore CS0612, CS0618

        var seen = (await ReceivedAsync(sidecar, 3)).ToDictionary(seen => (string)seen.Json["id"]!, seen => seen.Json);
        foreach (var (id, envelope) in seen)
        {
            Assert.Equal(("Placed", "ordering", $"order-{id}"), ((string?)envelope["type"], (string?)envelope["source"], (string?)envelope["subject"]));
            Assert.Equal((id, Topic), ((string?)envelope["data"]!["id"], (string?)envelope["topic"]));
        }

        Assert.Equal((Trace, Trace), ((string?)seen["1"]["traceparent"], (string?)seen["3"]["traceparent"]));
        Assert.NotEqual(TraceId, ((string)seen["2"]["traceparent"]!).Split('-')[1]);
    });

    [ContractFact]
    public Task Events_that_cannot_be_published_are_refused() => WithAsync(new(), async sidecar =>
    {
        var dapr = new RuntimeClient(sidecar.GrpcB);
        Task Publish(string pubsub, string topic) => dapr.PublishEventAsync(new PublishEventRequest { PubsubName = pubsub, Topic = topic }, deadline: Soon).ResponseAsync;
        await RefusedAsync(StatusCode.InvalidArgument, "pubsub nosuch is not found", "DAPR_PUBSUB_NOT_FOUND", () => Publish("nosuch", Topic));
        await RefusedAsync(StatusCode.InvalidArgument, "pubsub name is empty", "DAPR_PUBSUB_NAME_EMPTY", () => Publish("", Topic));
        var details = await RefusedAsync(StatusCode.InvalidArgument, "topic is empty in pubsub pubsub", "DAPR_PUBSUB_TOPIC_NAME_EMPTY", () => Publish("pubsub", ""));
        Assert.Equal(("pubsub", "pubsub"), details.Resource is { } resource ? (resource.ResourceType, resource.ResourceName) : default);

        var twice = new BulkPublishRequest { PubsubName = "pubsub", Topic = Topic, Entries = { CloudEvent("1", null), CloudEvent("1", null) } };
        await RefusedAsync(
            StatusCode.InvalidArgument,
            $"error marshaling events to bytes for topic {Topic} pubsub pubsub. error: entryId is duplicated or not present for entry",
            "DAPR_PUBSUB_MARSHAL_EVENTS",
            () => dapr.BulkPublishEventAsync(twice, deadline: Soon).ResponseAsync);

        var broken = new PublishEventRequest { PubsubName = "pubsub", Topic = Topic, DataContentType = "application/cloudevents+json", Data = ByteString.CopyFromUtf8("no json") };
        var created = await RefusedAsync(StatusCode.InvalidArgument, "cannot create cloudevent", "DAPR_PUBSUB_CLOUD_EVENT_CREATION", () => dapr.PublishEventAsync(broken, deadline: Soon).ResponseAsync);
        Assert.Equal("app-b", created.Info.Metadata["appID"]);
    });

    [ContractFact]
    public Task A_value_is_kept_for_its_app_alone_and_seen_through_both_doors() => WithAsync(new(), async sidecar =>
    {
        var dapr = new RuntimeClient(sidecar.GrpcA);
        await SaveAsync(dapr, Item("k1", """{"n":1}"""), Item("k2", "\"str\""));
        Assert.Equal(("""{"n":1}""", "1"), await GetAsync(dapr, "k1"));
        Assert.Equal(("\"str\"", "1"), await GetAsync(dapr, "k2"));
        Assert.Equal(("", ""), await GetAsync(dapr, "nokey"));
        Assert.Equal(("", ""), await GetAsync(new RuntimeClient(sidecar.GrpcB), "k1"));
        using var http = await sidecar.SidecarA.GetAsync($"/v1.0/state/statestore/{Key("k1")}");
        Assert.Equal("""{"n":1}""", await http.Content.ReadAsStringAsync());
        using var saved = await sidecar.SidecarA.PostAsync("/v1.0/state/statestore", Json($$"""[{"key":"{{Key("k3")}}","value":[3]}]"""));
        Assert.Equal(HttpStatusCode.NoContent, saved.StatusCode);
        Assert.Equal(("[3]", "1"), await GetAsync(dapr, "k3"));
    });

    [ContractFact]
    public Task A_stale_etag_is_refused_whatever_the_concurrency() => WithAsync(new(), async sidecar =>
    {
        var dapr = new RuntimeClient(sidecar.GrpcA);
        await SaveAsync(dapr, Item("e", "1"));
        await SaveAsync(dapr, Item("e", "2", etag: "1", Concurrency.ConcurrencyFirstWrite));
        foreach (var concurrency in new[] { Concurrency.ConcurrencyFirstWrite, Concurrency.ConcurrencyUnspecified, Concurrency.ConcurrencyLastWrite })
        {
            await RefusedAsync(
                StatusCode.Aborted,
                "failed saving state in state store statestore: possible etag mismatch. error from state store",
                "ERR_STATE_SAVE",
                () => SaveAsync(dapr, Item("e", "3", etag: "1", concurrency)));
        }

        await RefusedAsync(
            StatusCode.InvalidArgument,
            "failed saving state in state store statestore: invalid etag value: strconv.Atoi: parsing \"abc\": invalid syntax",
            "ERR_STATE_SAVE",
            () => SaveAsync(dapr, Item("e", "3", etag: "abc")));
        await RefusedAsync(
            StatusCode.Aborted,
            $"failed deleting state with key {Key("e")}: possible etag mismatch. error from state store",
            "ERR_STATE_DELETE",
            () => DeleteAsync(dapr, "e", etag: "1"));
        Assert.Equal(("2", "2"), await GetAsync(dapr, "e"));
        await DeleteAsync(dapr, "e", etag: "2");
        Assert.Equal(("", ""), await GetAsync(dapr, "e"));
    });

    [ContractFact]
    public Task A_first_write_must_be_the_first() => WithAsync(new(), async sidecar =>
    {
        var dapr = new RuntimeClient(sidecar.GrpcA);
        await SaveAsync(dapr, Item("f", "1", concurrency: Concurrency.ConcurrencyFirstWrite));
        await RefusedAsync(
            StatusCode.Internal,
            "failed saving state in state store statestore: failed to set key app-a||",
            "ERR_STATE_SAVE",
            () => SaveAsync(dapr, Item("f", "2", concurrency: Concurrency.ConcurrencyFirstWrite)));
    });

    [ContractFact]
    public Task Many_are_read_at_once() => WithAsync(new(), async sidecar =>
    {
        var dapr = new RuntimeClient(sidecar.GrpcA);
        await SaveAsync(dapr, Item("b1", "1"), Item("b2", "2"));
        var found = await dapr.GetBulkStateAsync(new GetBulkStateRequest { StoreName = "statestore", Keys = { Key("b1"), Key("nokey"), Key("b2") }, Parallelism = 2 }, deadline: Soon);
        Assert.Equal(
            [(Key("b1"), "1", "1", ""), (Key("b2"), "2", "1", ""), (Key("nokey"), "", "", "")],
            found.Items.Select(item => (item.Key, item.Data.ToStringUtf8(), item.Etag, item.Error)).OrderBy(item => item.Key, StringComparer.Ordinal));
        Assert.Empty((await dapr.GetBulkStateAsync(new GetBulkStateRequest { StoreName = "statestore" }, deadline: Soon)).Items);
    });

    [ContractFact]
    public Task What_is_deleted_is_gone_and_can_be_deleted_again() => WithAsync(new(), async sidecar =>
    {
        var dapr = new RuntimeClient(sidecar.GrpcA);
        await SaveAsync(dapr, Item("d1", "1"), Item("d2", "2"), Item("d3", "3"));
        for (var i = 0; i < 2; i++)
        {
            await DeleteAsync(dapr, "d1");
            await dapr.DeleteBulkStateAsync(new DeleteBulkStateRequest { StoreName = "statestore", States = { Item("d2", ""), Item("d3", "") } }, deadline: Soon);
        }

        foreach (var key in new[] { "d1", "d2", "d3" })
            Assert.Equal(("", ""), await GetAsync(dapr, key));
    });

    [ContractFact]
    public Task A_transaction_writes_and_deletes() => WithAsync(new(), async sidecar =>
    {
        var dapr = new RuntimeClient(sidecar.GrpcA);
        await SaveAsync(dapr, Item("x3", "3"));
        await TransactAsync(dapr, ("upsert", Item("x1", "1")), ("upsert", Item("x2", "2")), ("delete", Item("x3", "")));
        Assert.Equal((("1", "1"), ("2", "1"), ("", "")), (await GetAsync(dapr, "x1"), await GetAsync(dapr, "x2"), await GetAsync(dapr, "x3")));
        await TransactAsync(dapr, ("upsert", Item("x4", "4")), ("delete", Item("x4", "")));
        Assert.Equal(("", ""), await GetAsync(dapr, "x4"));
        await RefusedAsync(StatusCode.Internal, "error while executing state transaction: ", "ERR_STATE_TRANSACTION", () => TransactAsync(dapr, ("upsert", Item("x1", "9", etag: "77"))));
        await RefusedAsync(StatusCode.Unimplemented, "operation type increment not supported", "ERR_NOT_SUPPORTED_STATE_OPERATION", () => TransactAsync(dapr, ("increment", Item("x1", "9"))));
        Assert.Equal(("1", "1"), await GetAsync(dapr, "x1"));
    });

    [ContractFact]
    public Task A_value_goes_when_its_time_is_over() => WithAsync(new(), async sidecar =>
    {
        var dapr = new RuntimeClient(sidecar.GrpcA);
        var item = Item("ttl", "1");
        item.Metadata["ttlInSeconds"] = "1";
        await SaveAsync(dapr, item);
        Assert.Equal(("1", "1"), await GetAsync(dapr, "ttl"));
        await Eventually.TrueAsync(async () => await GetAsync(dapr, "ttl") == ("", ""), "the value is gone");
    });

    [ContractFact]
    public Task Wrong_requests_are_named() => WithAsync(new(), async sidecar =>
    {
        var dapr = new RuntimeClient(sidecar.GrpcA);
        await RefusedAsync(StatusCode.InvalidArgument, "state store nosuch is not found", "DAPR_STATE_NOT_FOUND", () => dapr.GetStateAsync(new GetStateRequest { StoreName = "nosuch", Key = "k" }, deadline: Soon).ResponseAsync);
        await RefusedAsync(StatusCode.InvalidArgument, "state key cannot be empty", "ERR_STATE_SAVE", () => dapr.SaveStateAsync(new SaveStateRequest { StoreName = "statestore", States = { new StateItem() } }, deadline: Soon).ResponseAsync);
        var details = await RefusedAsync(
            StatusCode.InvalidArgument,
            "input key/keyPrefix 'a||b' can't contain '||'",
            "DAPR_STATE_ILLEGAL_KEY",
            () => dapr.GetStateAsync(new GetStateRequest { StoreName = "statestore", Key = "a||b" }, deadline: Soon).ResponseAsync);
        Assert.Equal(("state", "statestore", "a||b"), (details.Resource?.ResourceType, details.Resource?.ResourceName, Assert.Single(details.Request!.FieldViolations).Field));
        var large = new SaveStateRequest { StoreName = "statestore", States = { Item("large", new string('1', 5 << 20)) } };
        Assert.Equal(StatusCode.ResourceExhausted, (await Assert.ThrowsAsync<RpcException>(async () => await dapr.SaveStateAsync(large, deadline: Soon))).StatusCode);
    });

    [ContractFact]
    public Task Who_does_not_show_the_token_is_refused() => WithAsync(new() { ApiToken = "secret" }, async sidecar =>
    {
        var dapr = new RuntimeClient(sidecar.GrpcA);
        Task Ask(Metadata headers) => dapr.GetStateAsync(new GetStateRequest { StoreName = "statestore", Key = "k" }, headers, Soon).ResponseAsync;
        foreach (var (headers, problem) in new[] { (new Metadata(), "missing api token in request metadata"), (new Metadata { { "dapr-api-token", "wrong" } }, "authentication error: api token mismatch") })
        {
            var details = await RefusedAsync(StatusCode.Unauthenticated, "Unauthorized", "Unauthorized", () => Ask(headers));
            Assert.Equal(("401", problem), (details.Info.Metadata["http.code"], details.Info.Metadata["http.error_message"]));
        }

        await Ask(new Metadata { { "dapr-api-token", "secret" } });
    });

    [ContractFact]
    public Task An_api_that_is_not_on_the_list_is_not_there() => WithAsync(
        new()
        {
            Configuration = """
                apiVersion: dapr.io/v1alpha1
                kind: Configuration
                metadata:
                  name: config
                spec:
                  api:
                    allowed:
                      - { name: state, version: v1, protocol: grpc }
                """,
        },
        async sidecar =>
        {
            var dapr = new RuntimeClient(sidecar.GrpcA);
            await SaveAsync(dapr, Item("listed", "1"));
            var details = await RefusedAsync(StatusCode.Unimplemented, "Not Implemented", "Not Implemented", () => dapr.GetMetadataAsync(new GetMetadataRequest(), deadline: Soon).ResponseAsync);
            Assert.Equal(("501", "requested endpoint is not available"), (details.Info.Metadata["http.code"], details.Info.Metadata["http.error_message"]));
        });

    [ContractFact]
    public Task The_sidecar_says_what_it_has() => WithAsync(Subscribed, async sidecar =>
    {
        var metadata = await new RuntimeClient(sidecar.GrpcA).GetMetadataAsync(new GetMetadataRequest(), deadline: Soon);
        Assert.Equal("app-a", metadata.Id);
        Assert.NotEmpty(metadata.RuntimeVersion);
        Assert.Contains(metadata.RegisteredComponents, component => (component.Name, component.Type) == ("pubsub", "pubsub.redis"));
        Assert.Contains(metadata.RegisteredComponents, component => (component.Name, component.Type) == ("statestore", "state.redis"));
        Assert.Equal(("pubsub", Topic, PubsubSubscriptionType.Programmatic), Assert.Single(metadata.Subscriptions) is var only ? (only.PubsubName, only.Topic, only.Type) : default);
        Assert.Equal((sidecar.AppA.Port, "http"), (metadata.AppConnectionProperties.Port, metadata.AppConnectionProperties.Protocol));
    });

    private protected StateItem Item(string key, string value, string? etag = null, Concurrency concurrency = Concurrency.ConcurrencyUnspecified)
    {
        var item = new StateItem { Key = Key(key), Value = ByteString.CopyFromUtf8(value) };
        if (etag is not null)
            item.Etag = new Etag { Value = etag };
        if (concurrency != Concurrency.ConcurrencyUnspecified)
            item.Options = new StateOptions { Concurrency = concurrency };
        return item;
    }

    private protected static async Task SaveAsync(RuntimeClient dapr, params StateItem[] items) =>
        await dapr.SaveStateAsync(new SaveStateRequest { StoreName = "statestore", States = { items } }, deadline: Soon);

    private protected async Task<(string Value, string Etag)> GetAsync(RuntimeClient dapr, string key)
    {
        var found = await dapr.GetStateAsync(new GetStateRequest { StoreName = "statestore", Key = Key(key) }, deadline: Soon);
        return (found.Data.ToStringUtf8(), found.Etag);
    }

    private protected static async Task TransactAsync(RuntimeClient dapr, params (string Kind, StateItem Item)[] operations) =>
        await dapr.ExecuteStateTransactionAsync(
            new ExecuteStateTransactionRequest
            {
                StoreName = "statestore",
                Operations = { operations.Select(operation => new TransactionalStateOperation { OperationType = operation.Kind, Request = operation.Item }) },
            },
            deadline: Soon);

    /// <summary>Makes a call that must be refused.</summary>
    /// <returns>The details of the refusal.</returns>
    private protected static async Task<(ErrorInfo Info, ResourceInfo? Resource, BadRequest? Request)> RefusedAsync(StatusCode code, string message, string reason, Func<Task> call)
    {
        var refused = await Assert.ThrowsAsync<RpcException>(call);
        Assert.Equal(code, refused.StatusCode);
        Assert.StartsWith(message, refused.Status.Detail, StringComparison.Ordinal);
        var status = Google.Rpc.Status.Parser.ParseFrom(refused.Trailers.GetValueBytes("grpc-status-details-bin"));
        Assert.Equal(((int)code, refused.Status.Detail), (status.Code, status.Message));
        var info = status.Details.Single(detail => detail.Is(ErrorInfo.Descriptor)).Unpack<ErrorInfo>();
        Assert.Equal((reason, "dapr.io"), (info.Reason, info.Domain));
        return (
            info,
            status.Details.SingleOrDefault(detail => detail.Is(ResourceInfo.Descriptor))?.Unpack<ResourceInfo>(),
            status.Details.SingleOrDefault(detail => detail.Is(BadRequest.Descriptor))?.Unpack<BadRequest>());
    }

    private string Key(string key) => $"{_run[..8]}{key}";

    private async Task DeleteAsync(RuntimeClient dapr, string key, string? etag = null)
    {
        var request = new DeleteStateRequest { StoreName = "statestore", Key = Key(key) };
        if (etag is not null)
            request.Etag = new Etag { Value = etag };
        await dapr.DeleteStateAsync(request, deadline: Soon);
    }

    private static BulkPublishRequestEntry CloudEvent(string id, string? trace)
    {
        var e = new JsonObject
        {
            ["specversion"] = "1.0",
            ["id"] = id,
            ["type"] = "Placed",
            ["source"] = "ordering",
            ["subject"] = $"order-{id}",
            ["datacontenttype"] = "application/json",
            ["data"] = new JsonObject { ["id"] = id },
        };
        if (trace is not null)
            (e["traceid"], e["traceparent"]) = (trace, trace);
        return new BulkPublishRequestEntry { EntryId = id, ContentType = "application/cloudevents+json", Event = ByteString.CopyFrom(JsonSerializer.SerializeToUtf8Bytes(e)) };
    }

    private static string TraceIdOf(Metadata headers) => Convert.ToHexStringLower(headers.GetValueBytes("grpc-trace-bin")!.AsSpan(2, 16));

    private static async Task<IReadOnlyList<Seen>> ReceivedAsync(SidecarUnderTest sidecar, int count)
    {
        await Eventually.TrueAsync(() => sidecar.AppA.CountAt("/handle") == count);
        return sidecar.AppA.At("/handle");
    }
}
