using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;

namespace OrderMall.Sidecar.Tests;

[Collection(PostgresCollection.Name)]
public sealed class StateOfEmbedded(PostgresServer postgres) : StateContract(postgres)
{
    [Fact]
    public Task A_transaction_with_a_stale_etag_changes_nothing() => WithAsync(new(), async sidecar =>
    {
        await SaveAsync(sidecar, """[{"key":"t1","value":1},{"key":"t2","value":2}]""");
        using var response = await sidecar.SidecarA.PostAsync(
            $"{Store}/transaction",
            Json("""{"operations":[{"operation":"upsert","request":{"key":"t1","value":9}},{"operation":"upsert","request":{"key":"t2","value":9,"etag":"77"}}]}"""));
        await IsErrorAsync(response, HttpStatusCode.InternalServerError, "ERR_STATE_TRANSACTION", "error while executing state transaction: possible etag mismatch. error from state store");
        Assert.Equal(("1", "1"), await GetAsync(sidecar, "t1"));
    });
}

[AgainstDaprd]
public sealed class StateOfDaprd() : StateContract(null);

/// <summary>recorded/state-redis.txt</summary>
public abstract class StateContract(PostgresServer? postgres) : ContractTests(postgres)
{
    private protected const string Store = "/v1.0/state/statestore";

    // Redis is kept between runs.
    private readonly string _run = Guid.NewGuid().ToString("n")[..8];

    [ContractFact]
    public Task A_value_is_kept_for_its_app_alone() => WithAsync(new(), async sidecar =>
    {
        await SaveAsync(sidecar, $$$"""[{"key":"{{{_run}}}k1","value":{"n":1}},{"key":"{{{_run}}}k2","value":"str"}]""");
        Assert.Equal(("""{"n":1}""", "1"), await GetAsync(sidecar, $"{_run}k1"));
        Assert.Equal(("\"str\"", "1"), await GetAsync(sidecar, $"{_run}k2"));
        using var missing = await sidecar.SidecarA.GetAsync($"{Store}/nokey");
        Assert.Equal(HttpStatusCode.NoContent, missing.StatusCode);
        using var others = await sidecar.SidecarB.GetAsync($"{Store}/{_run}k1");
        Assert.Equal(HttpStatusCode.NoContent, others.StatusCode);
    });

    [ContractFact]
    public Task A_stale_etag_is_refused_whatever_the_concurrency() => WithAsync(new(), async sidecar =>
    {
        await SaveAsync(sidecar, $$$"""[{"key":"{{{_run}}}e","value":{"n":1}}]""");
        await SaveAsync(sidecar, $$$"""[{"key":"{{{_run}}}e","value":{"n":2},"etag":"1","options":{"concurrency":"first-write","consistency":"strong"}}]""");
        foreach (var options in new[] { ""","options":{"concurrency":"first-write"}""", "", ""","options":{"concurrency":"last-write"}""" })
        {
            var item = $$$"""[{"key":"{{{_run}}}e","value":{"n":3},"etag":"1"{{{options}}}}]""";
            using var response = await sidecar.SidecarA.PostAsync(Store, Json(item));
            await IsErrorAsync(response, HttpStatusCode.Conflict, "ERR_STATE_SAVE", "failed saving state in state store statestore: possible etag mismatch. error from state store");
        }

        Assert.Equal(("""{"n":2}""", "2"), await GetAsync(sidecar, $"{_run}e"));
        foreach (var query in new[] { "", "?concurrency=first-write" })
        {
            using var request = new HttpRequestMessage(HttpMethod.Delete, $"{Store}/{_run}e{query}");
            request.Headers.TryAddWithoutValidation("If-Match", "1");
            using var response = await sidecar.SidecarA.SendAsync(request);
            await IsErrorAsync(response, HttpStatusCode.Conflict, "ERR_STATE_DELETE", $"failed deleting state with key {_run}e: possible etag mismatch. error from state store");
        }
    });

    [ContractFact]
    public Task A_first_write_must_be_the_first() => WithAsync(new(), async sidecar =>
    {
        await SaveAsync(sidecar, $$$"""[{"key":"{{{_run}}}f","value":1,"options":{"concurrency":"first-write"}}]""");
        using var response = await sidecar.SidecarA.PostAsync(Store, Json($$$"""[{"key":"{{{_run}}}f","value":2,"options":{"concurrency":"first-write"}}]"""));
        await IsErrorAsync(response, HttpStatusCode.InternalServerError, "ERR_STATE_SAVE", "failed saving state in state store statestore: failed to set key app-a||");
    });

    [ContractFact]
    public Task An_etag_is_a_number() => WithAsync(new(), async sidecar =>
    {
        using var response = await sidecar.SidecarA.PostAsync(Store, Json("""[{"key":"k1","value":3,"etag":"abc","options":{"concurrency":"first-write"}}]"""));
        await IsErrorAsync(
            response,
            HttpStatusCode.BadRequest,
            "ERR_STATE_SAVE",
            "failed saving state in state store statestore: invalid etag value: strconv.Atoi: parsing \"abc\": invalid syntax");
    });

    [ContractFact]
    public Task Many_are_read_at_once() => WithAsync(new(), async sidecar =>
    {
        await SaveAsync(sidecar, $$$"""[{"key":"{{{_run}}}b1","value":{"n":2}},{"key":"{{{_run}}}b2","value":"str"}]""");
        using var response = await sidecar.SidecarA.PostAsync($"{Store}/bulk", Json($$$"""{"keys":["{{{_run}}}b1","{{{_run}}}b2","nokey"],"parallelism":2}"""));
        var items = (await JsonOf(response)).AsArray().ToDictionary(item => (string)item!["key"]!, item => item!);
        Assert.Equal(("""{"n":2}""", "1"), (items[$"{_run}b1"]["data"]!.ToJsonString(), (string?)items[$"{_run}b1"]["etag"]));
        Assert.Equal("\"str\"", items[$"{_run}b2"]["data"]!.ToJsonString());
        Assert.Single(items["nokey"].AsObject());
    });

    [ContractFact]
    public Task What_is_deleted_is_gone_and_can_be_deleted_again() => WithAsync(new(), async sidecar =>
    {
        await SaveAsync(sidecar, $$$"""[{"key":"{{{_run}}}d","value":1}]""");
        for (var i = 0; i < 2; i++)
        {
            using var deleted = await sidecar.SidecarA.DeleteAsync($"{Store}/{_run}d");
            Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
        }

        using var gone = await sidecar.SidecarA.GetAsync($"{Store}/{_run}d");
        Assert.Equal(HttpStatusCode.NoContent, gone.StatusCode);
    });

    [ContractFact]
    public Task A_transaction_writes_and_deletes() => WithAsync(new(), async sidecar =>
    {
        await SaveAsync(sidecar, $$$"""[{"key":"{{{_run}}}t3","value":3}]""");
        var operations = $$$"""
            {"operations":[{"operation":"upsert","request":{"key":"{{{_run}}}t1","value":1}},{"operation":"upsert","request":{"key":"{{{_run}}}t2","value":2}},
            {"operation":"delete","request":{"key":"{{{_run}}}t3"}}]}
            """;
        using var response = await sidecar.SidecarA.PostAsync($"{Store}/transaction", Json(operations));
        Assert.Equal(HttpStatusCode.NoContent, response.StatusCode);
        Assert.Equal(("2", "1"), await GetAsync(sidecar, $"{_run}t2"));
        using var gone = await sidecar.SidecarA.GetAsync($"{Store}/{_run}t3");
        Assert.Equal(HttpStatusCode.NoContent, gone.StatusCode);
    });

    [ContractFact]
    public Task An_unknown_operation_is_refused() => WithAsync(new(), async sidecar =>
    {
        using var response = await sidecar.SidecarA.PostAsync($"{Store}/transaction", Json("""{"operations":[{"operation":"increment","request":{"key":"k"}}]}"""));
        await IsErrorAsync(response, HttpStatusCode.BadRequest, "ERR_NOT_SUPPORTED_STATE_OPERATION", "operation type increment not supported");
    });

    [ContractFact]
    public Task A_value_goes_when_its_time_is_over() => WithAsync(new(), async sidecar =>
    {
        await SaveAsync(sidecar, $$$"""[{"key":"{{{_run}}}ttl","value":1,"metadata":{"ttlInSeconds":"1"}}]""");
        Assert.Equal(("1", "1"), await GetAsync(sidecar, $"{_run}ttl"));
        await Eventually.TrueAsync(async () => (await sidecar.SidecarA.GetAsync($"{Store}/{_run}ttl")).StatusCode == HttpStatusCode.NoContent, "the value is gone");
        await SaveAsync(sidecar, $$$"""[{"key":"{{{_run}}}ttl","value":2,"options":{"concurrency":"first-write"}}]""");
        Assert.Equal(("2", "1"), await GetAsync(sidecar, $"{_run}ttl"));
    });

    [ContractFact]
    public Task On_redis_a_write_that_does_not_say_how_long_leaves_that_as_it_was() => WithAsync(new(), async sidecar =>
    {
        foreach (var operations in new[] { "", "/transaction" })
        {
            await SaveAsync(sidecar, $$$"""[{"key":"{{{_run}}}kept","value":1,"metadata":{"ttlInSeconds":"2"}}]""");
            using var written = operations.Length == 0
                ? await sidecar.SidecarA.PostAsync(Store, Json($$$"""[{"key":"{{{_run}}}kept","value":2}]"""))
                : await sidecar.SidecarA.PostAsync(Store + operations, Json($$$"""{"operations":[{"operation":"upsert","request":{"key":"{{{_run}}}kept","value":2}}]}"""));
            Assert.Equal(HttpStatusCode.NoContent, written.StatusCode);
            using var found = await sidecar.SidecarA.GetAsync($"{Store}/{_run}kept");
            Assert.Equal("2", await found.Content.ReadAsStringAsync());
            Assert.DoesNotContain("Metadata.ttlExpireTime", found.Headers.Select(header => header.Key), StringComparer.OrdinalIgnoreCase);
            await GoneAsync(sidecar, "kept");
        }

        await SaveAsync(sidecar, $$$"""[{"key":"{{{_run}}}kept","value":1,"metadata":{"ttlInSeconds":"1"}},{"key":"{{{_run}}}other","value":1,"metadata":{"ttlInSeconds":"1"}}]""");
        await SaveAsync(sidecar, $$$"""[{"key":"{{{_run}}}kept","value":2,"metadata":{"ttlInSeconds":"-1"}}]""");
        await GoneAsync(sidecar, "other");
        Assert.Equal("2", (await GetAsync(sidecar, $"{_run}kept")).Value);
    });

    [ContractFact]
    public Task A_component_says_how_long_values_live_whose_writes_do_not() => WithAsync(
        new() { StateStore = Setup.FromTheMall("statestore.yaml").Replace("  metadata:\n", "  metadata:\n    - name: ttlInSeconds\n      value: \"1\"\n", StringComparison.Ordinal) },
        async sidecar =>
        {
            await SaveAsync(sidecar, $$$"""[{"key":"{{{_run}}}short","value":1},{"key":"{{{_run}}}long","value":2,"metadata":{"ttlInSeconds":"100"}},{"key":"{{{_run}}}ever","value":3,"metadata":{"ttlInSeconds":"-1"}}]""");
            await GoneAsync(sidecar, "short");
            Assert.Equal(("2", "3"), ((await GetAsync(sidecar, $"{_run}long")).Value, (await GetAsync(sidecar, $"{_run}ever")).Value));
        });

    [ContractFact]
    public Task Other_stores_tell_when_a_value_goes_and_forget_it_with_a_write() => WithAsync(
        new() { StateStore = "apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata:\n  name: statestore\nspec:\n  type: state.in-memory\n  version: v1\n" },
        async sidecar =>
        {
            await SaveAsync(sidecar, """[{"key":"told","value":1,"metadata":{"ttlInSeconds":"100"}}]""");
            using var found = await sidecar.SidecarA.GetAsync($"{Store}/told");
            var expires = DateTimeOffset.Parse(Assert.Single(found.Headers.GetValues("Metadata.ttlExpireTime")), CultureInfo.InvariantCulture);
            Assert.InRange(expires - DateTimeOffset.UtcNow, TimeSpan.FromSeconds(80), TimeSpan.FromSeconds(101));
            using var several = await sidecar.SidecarA.PostAsync($"{Store}/bulk", Json("""{"keys":["told"]}"""));
            Assert.Equal(expires, DateTimeOffset.Parse((string)(await JsonOf(several))[0]!["metadata"]!["ttlExpireTime"]!, CultureInfo.InvariantCulture));

            await SaveAsync(sidecar, """[{"key":"told","value":2}]""");
            using var kept = await sidecar.SidecarA.GetAsync($"{Store}/told");
            Assert.Equal("2", await kept.Content.ReadAsStringAsync());
            Assert.False(kept.Headers.Contains("Metadata.ttlExpireTime"));
        });

    [ContractFact]
    public Task Fields_of_another_type_are_named() => WithAsync(new(), async sidecar =>
    {
        foreach (var (item, problem) in new[]
        {
            ("""{"key":"k","value":1,"etag":1}""", "number into Go struct field SetRequest.etag of type string"),
            ("""{"key":"k","value":1,"etag":true}""", "bool into Go struct field SetRequest.etag of type string"),
            ("""{"key":1,"value":1}""", "number into Go struct field SetRequest.key of type string"),
            ("""{"key":"k","value":1,"metadata":[]}""", "array into Go struct field SetRequest.metadata of type map[string]string"),
            ("""{"key":"k","value":1,"metadata":{"ttlInSeconds":100}}""", "number into Go struct field SetRequest.metadata of type string"),
            ("""{"key":"k","value":1,"options":[]}""", "array into Go struct field SetRequest.options of type state.SetStateOption"),
            ("""{"key":"k","value":1,"options":{"concurrency":1}}""", "number into Go struct field SetStateOption.options.Concurrency of type string"),
        })
        {
            using var refused = await sidecar.SidecarA.PostAsync(Store, Json($"[{item}]"));
            await IsErrorAsync(refused, HttpStatusCode.BadRequest, "ERR_MALFORMED_REQUEST", $"json: cannot unmarshal {problem}");
        }

        foreach (var model in new[] { "concurrency", "consistency" })
        {
            using var refused = await sidecar.SidecarA.PostAsync(Store, Json($$$"""[{"key":"k","value":1,"options":{"{{{model}}}":"odd"}}]"""));
            await IsErrorAsync(refused, HttpStatusCode.InternalServerError, "ERR_STATE_SAVE", $"failed saving state in state store statestore: unrecognized {model} model 'odd'");
            using var kept = await sidecar.SidecarA.DeleteAsync($"{Store}/k?{model}=odd");
            await IsErrorAsync(kept, HttpStatusCode.InternalServerError, "ERR_STATE_DELETE", $"failed deleting state with key k: unrecognized {model} model 'odd'");
        }

        using var operation = await sidecar.SidecarA.PostAsync($"{Store}/transaction", Json("""{"operations":[{"operation":"upsert","request":{"key":"k","value":1,"etag":1}}]}"""));
        await IsErrorAsync(operation, HttpStatusCode.BadRequest, "ERR_MALFORMED_REQUEST", "");
        using var keys = await sidecar.SidecarA.PostAsync($"{Store}/bulk", Json("""{"keys":[1]}"""));
        await IsErrorAsync(keys, HttpStatusCode.BadRequest, "ERR_MALFORMED_REQUEST", "failed deserializing HTTP body: json: cannot unmarshal number into Go struct field BulkGetRequest.keys of type string");
        await SaveAsync(sidecar, $$$"""[{"key":"{{{_run}}}there","value":1}]""");
        using var deletion = new HttpRequestMessage(HttpMethod.Delete, $"{Store}/{_run}there");
        deletion.Headers.TryAddWithoutValidation("If-Match", "abc");
        using var stale = await sidecar.SidecarA.SendAsync(deletion);
        await IsErrorAsync(stale, HttpStatusCode.Conflict, "ERR_STATE_DELETE", $"failed deleting state with key {_run}there: possible etag mismatch. error from state store");
    });

    [ContractFact]
    public Task Names_are_read_without_regard_to_case_and_nulls_are_nothing() => WithAsync(new(), async sidecar =>
    {
        await SaveAsync(sidecar, $$$"""[{"Key":"{{{_run}}}c","VALUE":5,"etag":null,"options":null,"metadata":null}]""");
        Assert.Equal(("5", "1"), await GetAsync(sidecar, $"{_run}c"));
        await SaveAsync(sidecar, "null");
        using var none = await sidecar.SidecarA.PostAsync($"{Store}/bulk", Json("{}"));
        Assert.Equal((HttpStatusCode.OK, "[]"), (none.StatusCode, (await none.Content.ReadAsStringAsync()).Trim()));
    });

    [ContractFact]
    public Task Doubled_slashes_are_one_and_a_plus_is_a_space() => WithAsync(new(), async sidecar =>
    {
        using var saved = await sidecar.SidecarA.PostAsync(AsWritten.At(sidecar.SidecarA, "//v1.0//state//statestore/"), Json($$$"""[{"key":"{{{_run}}} s","value":1},{"key":"{{{_run}}}+s","value":2}]"""));
        Assert.Equal(HttpStatusCode.NoContent, saved.StatusCode);
        foreach (var (written, value) in new[] { ("+s", "1"), ("%20s", "1"), ("%2Bs", "2") })
        {
            using var found = await sidecar.SidecarA.GetAsync(AsWritten.At(sidecar.SidecarA, $"/v1.0//state/statestore//{_run}{written}"));
            Assert.Equal((written, value), (written, await found.Content.ReadAsStringAsync()));
        }
    });

    [ContractFact]
    public Task Wrong_requests_are_named() => WithAsync(new(), async sidecar =>
    {
        using var store = await sidecar.SidecarA.GetAsync("/v1.0/state/nosuch/k");
        await IsErrorAsync(store, HttpStatusCode.BadRequest, "ERR_STATE_STORE_NOT_FOUND", "state store nosuch is not found");
        Assert.Equal("app-a", (string?)JsonNode.Parse(await store.Content.ReadAsStringAsync())!["details"]![0]!["metadata"]!["appID"]);
        using var list = await sidecar.SidecarA.PostAsync(Store, Json("""{"key":"k1"}"""));
        await IsErrorAsync(list, HttpStatusCode.BadRequest, "ERR_MALFORMED_REQUEST", "json: cannot unmarshal object into Go value of type []state.SetRequest");
        using var key = await sidecar.SidecarA.PostAsync(Store, Json("""[{"key":"a||b","value":1}]"""));
        await IsErrorAsync(key, HttpStatusCode.BadRequest, "ERR_MALFORMED_REQUEST", "api error: code = InvalidArgument desc = input key/keyPrefix 'a||b' can't contain '||'");
        using var none = await sidecar.SidecarA.PostAsync(Store, Json("""[{"value":1}]"""));
        await IsErrorAsync(none, HttpStatusCode.BadRequest, "ERR_MALFORMED_REQUEST", "\"key\" is a required field");
    });

    private Task GoneAsync(SidecarUnderTest sidecar, string key) =>
        Eventually.TrueAsync(async () => (await sidecar.SidecarA.GetAsync($"{Store}/{_run}{key}")).StatusCode == HttpStatusCode.NoContent, $"{key} is gone");

    private protected static async Task SaveAsync(SidecarUnderTest sidecar, string items)
    {
        using var response = await sidecar.SidecarA.PostAsync(Store, Json(items));
        Assert.Equal(HttpStatusCode.NoContent, response.StatusCode);
    }

    private protected static async Task<(string Value, string Etag)> GetAsync(SidecarUnderTest sidecar, string key)
    {
        using var response = await sidecar.SidecarA.GetAsync($"{Store}/{key}");
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("application/json", response.Content.Headers.ContentType?.MediaType);
        return (await response.Content.ReadAsStringAsync(), Assert.Single(response.Headers.NonValidated["Etag"]));
    }
}
