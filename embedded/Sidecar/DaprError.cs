using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;

namespace OrderMall.Sidecar;

/// <summary>What the sidecar itself answers instead of doing what it was asked, over HTTP and over gRPC.</summary>
/// <param name="Code">Dapr's code, such as <c>ERR_DIRECT_INVOKE</c>.</param>
internal sealed record DaprError(int Status, string Code, string Message)
{
    private const string Domain = "dapr.io";
    private const string DetailsTrailer = "grpc-status-details-bin";

    /// <summary>The gRPC status.</summary>
    public StatusCode GrpcStatus { get; init; } = StatusCode.Internal;

    /// <summary>What gRPC says where HTTP says it in other words.</summary>
    public string? GrpcMessage { get; init; }

    /// <summary>Dapr's machine-readable reason, such as <c>DAPR_PUBSUB_NOT_FOUND</c>. Without it HTTP has no details, and gRPC has the code in its place.</summary>
    public string? Reason { get; init; }

    /// <summary>The reason's metadata.</summary>
    public IReadOnlyDictionary<string, string> ReasonMetadata { get; init; } = new Dictionary<string, string>();

    /// <summary>What it is about: the component's kind and name, and a description.</summary>
    public (string Type, string Name, string Description)? Resource { get; init; }

    /// <summary>The field that breaks a rule, and the rule.</summary>
    public (string Name, string Description)? Field { get; init; }

    /// <summary>Refuses with what daprd makes of a plain HTTP status.</summary>
    public static RpcException OfStatus(int status, string text, StatusCode code, string detail)
    {
        var info = new ErrorInfo { Reason = text, Domain = Domain };
        info.Metadata["http.code"] = status.ToString(System.Globalization.CultureInfo.InvariantCulture);
        info.Metadata["http.error_message"] = detail;
        return Rpc(code, text, info);
    }

    public static DaprError Invoke(string appId, string problem) =>
        new(StatusCodes.Status500InternalServerError, "ERR_DIRECT_INVOKE", $"failed to invoke, id: {appId}, err: {problem}");

    public static DaprError Denied(string trustDomain, string caller, string appId, string operation, string verb) =>
        Invoke(appId, $"rpc error: code = PermissionDenied desc = access control policy has denied access to id: spiffe://{trustDomain}/ns/default/{caller} operation: {operation} verb: {verb}")
            with { Status = StatusCodes.Status403Forbidden };

    /// <summary>The error as gRPC tells it, with its details.</summary>
    public RpcException ToRpcException()
    {
        var info = new ErrorInfo { Reason = Reason ?? Code, Domain = Domain };
        foreach (var (name, value) in ReasonMetadata)
            info.Metadata[name] = value;
        IEnumerable<IMessage> details =
        [
            .. Field is var (field, rule) ? [new BadRequest { FieldViolations = { new BadRequest.Types.FieldViolation { Field = field, Description = rule } } }] : (IEnumerable<IMessage>)[],
            .. Resource is var (type, resource, description) ? [new ResourceInfo { ResourceType = type, ResourceName = resource, Description = description }] : (IEnumerable<IMessage>)[],
            info,
        ];
        return Rpc(GrpcStatus, GrpcMessage ?? Message, [.. details]);
    }

    private static RpcException Rpc(StatusCode code, string message, params IMessage[] details)
    {
        var status = new Google.Rpc.Status { Code = (int)code, Message = message };
        status.Details.AddRange(details.Select(detail => Any.Pack(detail)));
        return new RpcException(new global::Grpc.Core.Status(code, message), new Metadata { { DetailsTrailer, status.ToByteArray() } });
    }
}

/// <summary>Ends what cannot be done with Dapr's answer to it.</summary>
internal sealed class DaprErrorException(DaprError error) : Exception(error.Message)
{
    public DaprError Error => error;
}
