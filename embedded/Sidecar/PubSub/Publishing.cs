using System.Text.Json;
using Grpc.Core;

namespace OrderMall.Sidecar.PubSub;

/// <summary>Publishing for apps, however they ask for it.</summary>
internal sealed class Publishing(Resources resources, Publisher publisher, TimeProvider time)
{
    /// <summary>Begins a request.</summary>
    /// <exception cref="DaprErrorException">The app has no such component, or no topic is named.</exception>
    public Publication Open(PublishRequest request)
    {
        var (caller, pubsub, topic, metadata, _, _) = request;
        if (pubsub.Length == 0)
            throw Refused(request, StatusCodes.Status404NotFound, "ERR_PUBSUB_EMPTY", "DAPR_PUBSUB_NAME_EMPTY", "pubsub name is empty", metadata);
        if (resources.PubSub(pubsub, caller.AppId) is not { } component)
        {
            throw new DaprErrorException(new(StatusCodes.Status404NotFound, "ERR_PUBSUB_NOT_FOUND", $"pubsub {pubsub} is not found")
            {
                GrpcStatus = StatusCode.InvalidArgument,
                Reason = "DAPR_PUBSUB_NOT_FOUND",
            });
        }

        if (topic.Length == 0)
            throw Refused(request, StatusCodes.Status404NotFound, "ERR_TOPIC_NAME_EMPTY", "DAPR_PUBSUB_TOPIC_NAME_EMPTY", $"topic is empty in pubsub {pubsub}", metadata);
        var isRaw = false;
        if (metadata.TryGetValue("rawPayload", out var raw) && raw.Length > 0 && !bool.TryParse(raw, out isRaw))
        {
            throw Refused(
                request,
                StatusCodes.Status400BadRequest,
                "ERR_PUBSUB_REQUEST_METADATA",
                "DAPR_PUBSUB_METADATA_DESERIALIZATION",
                $"failed deserializing metadata. Error: rawPayload value must be a valid boolean: actual is '{raw}'",
                metadata);
        }

        return new Publication(request, component, isRaw, publisher, time);
    }

    /// <summary>A refusal as most of publishing words it: with the component, and what else is known.</summary>
    internal static DaprErrorException Refused(
        PublishRequest request, int status, string code, string reason, string message, IReadOnlyDictionary<string, string> metadata, StatusCode grpcStatus = StatusCode.InvalidArgument) =>
        new(new(status, code, message)
        {
            GrpcStatus = grpcStatus,
            Reason = reason,
            ReasonMetadata = metadata,
            Resource = ("pubsub", request.PubSub, message),
        });
}

/// <summary>What an app asks to have published, besides the events.</summary>
/// <param name="Metadata">Of the request, by name without regard to case.</param>
/// <param name="TraceState">The trace's vendor state, or empty.</param>
internal sealed record PublishRequest(App Caller, string PubSub, string Topic, IReadOnlyDictionary<string, string> Metadata, TraceContext Trace, string TraceState);

/// <summary>One event of many.</summary>
/// <param name="Id">Its name within the request.</param>
/// <param name="ContentType">Of <paramref name="Data"/>, or empty.</param>
/// <param name="Metadata">Its own; <see langword="null"/> where it says nothing of it.</param>
internal readonly record struct PublishEntry(string Id, string ContentType, ReadOnlyMemory<byte> Data, IEnumerable<KeyValuePair<string, string>>? Metadata);

/// <summary>A request to publish to a topic that can be published to.</summary>
internal sealed class Publication(PublishRequest request, Component component, bool isRaw, Publisher publisher, TimeProvider time)
{
    /// <summary>Publishes one event; returns when it is on disk for every subscriber.</summary>
    /// <exception cref="DaprErrorException">It is no event, or it may not have been kept.</exception>
    public Task PublishAsync(string contentType, ReadOnlyMemory<byte> data, CancellationToken cancellationToken) =>
        KeepAsync([Wrap(contentType, data, request.Metadata)], cancellationToken);

    /// <summary>Publishes many, all of them or none; returns when they are on disk for every subscriber.</summary>
    /// <exception cref="DaprErrorException">One is no event, or two have one id, or they may not have been kept.</exception>
    public Task PublishAsync(IEnumerable<PublishEntry> entries, CancellationToken cancellationToken)
    {
        var ids = new HashSet<string>();
        var envelopes = new List<byte[]>();
        foreach (var entry in entries)
        {
            if (entry.Id.Length == 0 || !ids.Add(entry.Id))
                throw MarshalEvents("entryId is duplicated or not present for entry");
            envelopes.Add(Wrap(entry.ContentType, entry.Data, MetadataOf(entry)));
        }

        return KeepAsync(envelopes, cancellationToken);
    }

    /// <summary>What is said of a request that could not be kept, or not even be read.</summary>
    public DaprErrorException Failed(string problem) => Publishing.Refused(
        request,
        StatusCodes.Status500InternalServerError,
        "ERR_PUBSUB_PUBLISH_MESSAGE",
        "DAPR_PUBSUB_PUBLISH_MESSAGE",
        $"error when publishing to topic {request.Topic} in pubsub {request.PubSub}: {problem}",
        new Dictionary<string, string> { ["topic"] = request.Topic, ["error"] = problem },
        StatusCode.Internal);

    private DaprErrorException MarshalEvents(string problem) => Publishing.Refused(
        request,
        StatusCodes.Status400BadRequest,
        "ERR_PUBSUB_EVENTS_SER",
        "DAPR_PUBSUB_MARSHAL_EVENTS",
        $"error marshaling events to bytes for topic {request.Topic} pubsub {request.PubSub}. error: {problem}",
        AppError(problem));

    private byte[] Wrap(string contentType, ReadOnlyMemory<byte> data, IReadOnlyDictionary<string, string> metadata)
    {
        if (isRaw)
            return data.ToArray();
        try
        {
            return CloudEventEnvelope.Wrap(
                new(request.Caller.AppId, request.PubSub, request.Topic, contentType, data, metadata, request.Trace.Child(), request.TraceState),
                time.GetUtcNow());
        }
        catch (JsonException mistake)
        {
            throw Publishing.Refused(
                request,
                StatusCodes.Status500InternalServerError,
                "ERR_PUBSUB_CLOUD_EVENTS_SER",
                "DAPR_PUBSUB_CLOUD_EVENT_CREATION",
                "cannot create cloudevent",
                AppError(mistake.Message));
        }
    }

    private Dictionary<string, string> AppError(string problem) => new() { ["appID"] = request.Caller.AppId, ["error"] = problem };

    // Dapr lets the request's metadata reach only those entries that have some of their own.
    private Dictionary<string, string> MetadataOf(PublishEntry entry)
    {
        var merged = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        if (entry.Metadata is null)
            return merged;
        foreach (var (name, value) in request.Metadata)
            merged[name] = value;
        foreach (var (name, value) in entry.Metadata)
            merged[name] = value;
        return merged;
    }

    private async Task KeepAsync(IReadOnlyList<byte[]> envelopes, CancellationToken cancellationToken)
    {
        // Here and not before: daprd says first what is wrong with the events.
        if (!component.MayPublish(request.Caller.AppId, request.Topic))
        {
            var problem = $"topic {request.Topic} is not allowed for app id {request.Caller.AppId}";
            throw Publishing.Refused(
                request,
                StatusCodes.Status403Forbidden,
                "ERR_PUBSUB_FORBIDDEN",
                "DAPR_PUBSUB_FORBIDDEN",
                problem,
                new Dictionary<string, string> { ["topic"] = request.Topic, ["error"] = problem },
                StatusCode.PermissionDenied);
        }

        try
        {
            if (request.Caller.Policies.ForOutbound(request.PubSub, "Pubsub") is { } policies)
                await ComponentCall.RunAsync(policies, request.PubSub, () => publisher.PublishAsync(request.PubSub, request.Topic, envelopes), cancellationToken);
            else
                await publisher.PublishAsync(request.PubSub, request.Topic, envelopes);
        }
        catch (Exception failure) when (ComponentCall.Explain(failure) is { } problem)
        {
            throw Failed(problem);
        }
    }
}
