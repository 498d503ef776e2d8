using Dapr.Client.Autogen.Grpc.v1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace OrderMall.Sidecar.Grpc;

/// <summary>
/// <c>dapr.proto.runtime.v1.Dapr</c>, as far as publishing, state and metadata go: Dapr.Protos has its messages and its client, and
/// no base for servers. What is not overridden, and every other method of the service, is unimplemented.
/// </summary>
[BindServiceMethod(typeof(DaprRuntimeBase), nameof(BindService))]
internal abstract class DaprRuntimeBase
{
    /// <summary>The name of the service.</summary>
    public const string Name = "dapr.proto.runtime.v1.Dapr";

    private static readonly Status Unimplemented = new(StatusCode.Unimplemented, "");

    public virtual Task<Empty> PublishEvent(PublishEventRequest request, ServerCallContext context) => throw new RpcException(Unimplemented);

    public virtual Task<BulkPublishResponse> BulkPublishEvent(BulkPublishRequest request, ServerCallContext context) => throw new RpcException(Unimplemented);

    /// <summary>Its older name.</summary>
    public virtual Task<BulkPublishResponse> BulkPublishEventAlpha1(BulkPublishRequest request, ServerCallContext context) => BulkPublishEvent(request, context);

    public virtual Task<GetStateResponse> GetState(GetStateRequest request, ServerCallContext context) => throw new RpcException(Unimplemented);

    public virtual Task<GetBulkStateResponse> GetBulkState(GetBulkStateRequest request, ServerCallContext context) => throw new RpcException(Unimplemented);

    public virtual Task<Empty> SaveState(SaveStateRequest request, ServerCallContext context) => throw new RpcException(Unimplemented);

    public virtual Task<Empty> DeleteState(DeleteStateRequest request, ServerCallContext context) => throw new RpcException(Unimplemented);

    public virtual Task<Empty> DeleteBulkState(DeleteBulkStateRequest request, ServerCallContext context) => throw new RpcException(Unimplemented);

    public virtual Task<Empty> ExecuteStateTransaction(ExecuteStateTransactionRequest request, ServerCallContext context) => throw new RpcException(Unimplemented);

    public virtual Task<GetMetadataResponse> GetMetadata(GetMetadataRequest request, ServerCallContext context) => throw new RpcException(Unimplemented);

    /// <summary>Tells Grpc.AspNetCore of the methods. It calls this without a service and finds each method by its name.</summary>
    public static void BindService(ServiceBinderBase binder, DaprRuntimeBase? service)
    {
        binder.AddMethod(Method<PublishEventRequest, Empty>("PublishEvent"), service is null ? null : service.PublishEvent);
        binder.AddMethod(Method<BulkPublishRequest, BulkPublishResponse>("BulkPublishEvent"), service is null ? null : service.BulkPublishEvent);
        binder.AddMethod(Method<BulkPublishRequest, BulkPublishResponse>("BulkPublishEventAlpha1"), service is null ? null : service.BulkPublishEventAlpha1);
        binder.AddMethod(Method<GetStateRequest, GetStateResponse>("GetState"), service is null ? null : service.GetState);
        binder.AddMethod(Method<GetBulkStateRequest, GetBulkStateResponse>("GetBulkState"), service is null ? null : service.GetBulkState);
        binder.AddMethod(Method<SaveStateRequest, Empty>("SaveState"), service is null ? null : service.SaveState);
        binder.AddMethod(Method<DeleteStateRequest, Empty>("DeleteState"), service is null ? null : service.DeleteState);
        binder.AddMethod(Method<DeleteBulkStateRequest, Empty>("DeleteBulkState"), service is null ? null : service.DeleteBulkState);
        binder.AddMethod(Method<ExecuteStateTransactionRequest, Empty>("ExecuteStateTransaction"), service is null ? null : service.ExecuteStateTransaction);
        binder.AddMethod(Method<GetMetadataRequest, GetMetadataResponse>("GetMetadata"), service is null ? null : service.GetMetadata);
    }

    private static Method<TRequest, TResponse> Method<TRequest, TResponse>(string name)
        where TRequest : class, IMessage<TRequest>, new()
        where TResponse : class, IMessage<TResponse>, new() =>
        new(MethodType.Unary, Name, name, MarshallerOf<TRequest>(), MarshallerOf<TResponse>());

    private static Marshaller<T> MarshallerOf<T>()
        where T : class, IMessage<T>, new()
    {
        var parser = new MessageParser<T>(static () => new T());
        return Marshallers.Create(
            static (message, context) =>
            {
                context.SetPayloadLength(message.CalculateSize());
                message.WriteTo(context.GetBufferWriter());
                context.Complete();
            },
            context => parser.ParseFrom(context.PayloadAsReadOnlySequence()));
    }
}
