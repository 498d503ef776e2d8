using System.Globalization;
using System.Runtime.InteropServices;
using Dapr.Client.Autogen.Grpc.v1;
using Google.Protobuf;
using Google.Protobuf.Collections;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microsoft.AspNetCore.Http.Features;

namespace OrderMall.Sidecar.Grpc;

/// <summary>Who calls over gRPC, and in which trace.</summary>
internal sealed record GrpcCaller(App App, TraceContext Trace);

/// <summary>Publishing, state and metadata over gRPC.</summary>
internal sealed class DaprRuntimeService(Publishing publishing, StateStores stores, AppMetadata metadata) : DaprRuntimeBase
{
    private static readonly Empty Nothing = new();
    private static readonly Dictionary<string, string> NoMetadata = [];

    public override Task<Empty> PublishEvent(PublishEventRequest request, ServerCallContext context) => AnswerAsync(context, async caller =>
    {
        var publication = Open(caller, request.PubsubName, request.Topic, request.Metadata, context);
        await publication.PublishAsync(request.DataContentType, request.Data.Memory, context.CancellationToken);
        return Nothing;
    });

    public override Task<BulkPublishResponse> BulkPublishEvent(BulkPublishRequest request, ServerCallContext context) => AnswerAsync(context, async caller =>
    {
        var publication = Open(caller, request.PubsubName, request.Topic, request.Metadata, context);
        var entries = request.Entries.Select(entry => new PublishEntry(entry.EntryId, entry.ContentType, entry.Event.Memory, entry.Metadata.Count == 0 ? null : entry.Metadata));
        await publication.PublishAsync(entries, context.CancellationToken);
        return new BulkPublishResponse();
    });

    public override Task<GetStateResponse> GetState(GetStateRequest request, ServerCallContext context) => AnswerAsync(context, async caller =>
    {
        var found = await stores.Open(caller.App, request.StoreName).GetAsync(request.Key, context.CancellationToken);
        return found is null ? new GetStateResponse() : new GetStateResponse { Data = DataOf(found), Etag = EtagOf(found), Metadata = { found.Metadata } };
    });

    public override Task<GetBulkStateResponse> GetBulkState(GetBulkStateRequest request, ServerCallContext context) => AnswerAsync(context, async caller =>
    {
        var found = await stores.Open(caller.App, request.StoreName).GetAsync(request.Keys, context.CancellationToken);
        return new GetBulkStateResponse
        {
            Items =
            {
                request.Keys.Zip(found, (key, value) => value is null
                    ? new BulkStateItem { Key = key }
                    : new BulkStateItem { Key = key, Data = DataOf(value), Etag = EtagOf(value), Metadata = { value.Metadata } }),
            },
        };
    });

    public override Task<Empty> SaveState(SaveStateRequest request, ServerCallContext context) => AnswerAsync(context, async caller =>
    {
        var state = stores.Open(caller.App, request.StoreName);
        if (request.States.Any(item => item.Key.Length == 0))
        {
            throw new DaprErrorException(new(StatusCodes.Status400BadRequest, "ERR_STATE_SAVE", "state key cannot be empty") { GrpcStatus = StatusCode.InvalidArgument });
        }

        await state.SaveAsync(request.States.Select(Upsert), context.CancellationToken);
        return Nothing;
    });

    public override Task<Empty> DeleteState(DeleteStateRequest request, ServerCallContext context) => AnswerAsync(context, async caller =>
    {
        await stores.Open(caller.App, request.StoreName).DeleteAsync(StateOperation.Delete(request.Key, request.Etag?.Value), context.CancellationToken);
        return Nothing;
    });

    public override Task<Empty> DeleteBulkState(DeleteBulkStateRequest request, ServerCallContext context) => AnswerAsync(context, async caller =>
    {
        await stores.Open(caller.App, request.StoreName).DeleteAsync(request.States.Select(Delete), context.CancellationToken);
        return Nothing;
    });

    public override Task<Empty> ExecuteStateTransaction(ExecuteStateTransactionRequest request, ServerCallContext context) => AnswerAsync(context, async caller =>
    {
        var operations = request.Operations.Select(operation => AppState.IsDelete(operation.OperationType) ? Delete(operation.Request) : Upsert(operation.Request));
        await stores.Open(caller.App, request.StoreName).TransactAsync(operations, context.CancellationToken);
        return Nothing;
    });

    public override Task<GetMetadataResponse> GetMetadata(GetMetadataRequest request, ServerCallContext context) =>
        AnswerAsync(context, caller => Task.FromResult(metadata.Of(caller.App)));

    private static async Task<T> AnswerAsync<T>(ServerCallContext context, Func<GrpcCaller, Task<T>> answer)
    {
        try
        {
            return await answer(context.GetHttpContext().Features.GetRequiredFeature<GrpcCaller>());
        }
        catch (DaprErrorException refused)
        {
            throw refused.Error.ToRpcException();
        }
    }

    private Publication Open(GrpcCaller caller, string pubsub, string topic, MapField<string, string> given, ServerCallContext context)
    {
        var metadata = NoMetadata;
        if (given.Count > 0)
        {
            metadata = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
            foreach (var (name, value) in given)
                metadata[name] = value;
        }

        return publishing.Open(new(caller.App, pubsub, topic, metadata, caller.Trace, context.GetHttpContext().Request.Headers.TraceState.ToString()));
    }

    private static StateOperation Upsert(StateItem item) => new(
        item.Key,
        BytesOf(item.Value),
        item.Etag is { Value.Length: > 0 } etag ? etag.Value : null)
    {
        Concurrency = item.Options is { Concurrency: StateOptions.Types.StateConcurrency.ConcurrencyFirstWrite } ? "first-write" : null,
        TimeToLive = item.Metadata.TryGetValue("ttlInSeconds", out var life) && life.Length > 0 ? life : null,
    };

    private static StateOperation Delete(StateItem item) => StateOperation.Delete(item.Key, item.Etag?.Value);

    // The parser makes an array for each value alone, which nobody changes afterwards.
    private static byte[] BytesOf(ByteString value) =>
        MemoryMarshal.TryGetArray(value.Memory, out var segment) && segment is { Array: { } array } && array.Length == segment.Count ? array : value.ToByteArray();

    // Kept values are never changed.
    private static ByteString DataOf(StateValue value) => UnsafeByteOperations.UnsafeWrap(value.Json);

    private static string EtagOf(StateValue value) => value.Etag.ToString(CultureInfo.InvariantCulture);
}
