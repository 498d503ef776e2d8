using Grpc.Core;

namespace OrderMall.Sidecar.State;

/// <summary>The state stores of apps, however they ask for them.</summary>
internal sealed class StateStores(Resources resources, StateStore states)
{
    /// <summary>An app's keys in a store.</summary>
    /// <exception cref="DaprErrorException">The app has no such store.</exception>
    public AppState Open(App caller, string store)
    {
        if (resources.StateStore(store, caller.AppId) is { } component)
            return new AppState(caller, component, states);
        throw new DaprErrorException(resources.Components.Any(other => other.IsState && other.IsFor(caller.AppId))
            ? new(StatusCodes.Status400BadRequest, "ERR_STATE_STORE_NOT_FOUND", $"state store {store} is not found") { GrpcStatus = StatusCode.InvalidArgument, Reason = "DAPR_STATE_NOT_FOUND" }
            : new(StatusCodes.Status500InternalServerError, "ERR_STATE_STORE_NOT_CONFIGURED", $"state store {store} is not configured") { GrpcStatus = StatusCode.FailedPrecondition, Reason = "DAPR_STATE_NOT_CONFIGURED" });
    }
}

/// <summary>An app's keys in one store, under the store's outbound policies. Whatever goes wrong is told in Dapr's words.</summary>
internal sealed class AppState(App caller, Component component, StateStore states)
{
    private const string Separator = "||";

    private string Store => component.Name;

    /// <summary>Reads a key.</summary>
    /// <returns><see langword="null"/> where there is none.</returns>
    /// <exception cref="DaprErrorException">It cannot be read.</exception>
    public async Task<StateValue?> GetAsync(string key, CancellationToken cancellationToken)
    {
        var name = NameOf(key);
        StateValue? found = null;
        await DoAsync(async () => found = await states.GetAsync(Store, name, cancellationToken), cancellationToken, failure => Failed("ERR_STATE_GET", $"fail to get {key} from state store {Store}: ", failure));
        return Shown(found);
    }

    /// <summary>Reads several keys.</summary>
    /// <returns>In the order of the keys; <see langword="null"/> for one that is not there.</returns>
    /// <exception cref="DaprErrorException">They cannot be read.</exception>
    public async Task<StateValue?[]> GetAsync(IReadOnlyList<string> keys, CancellationToken cancellationToken)
    {
        var names = keys.Select(NameOf).ToArray();
        var found = new Dictionary<string, StateValue>();
        if (names.Length > 0)
        {
            // daprd hands this one out as it comes, which gRPC tells as an unknown error.
            await DoAsync(
                async () => found = await states.GetAsync(Store, names, cancellationToken),
                cancellationToken,
                failure => Failed("ERR_STATE_BULK_GET", "", failure) with { GrpcStatus = StatusCode.Unknown });
        }

        return [.. names.Select(name => Shown(found.GetValueOrDefault(name)))];
    }

    /// <summary>Writes keys, all or none.</summary>
    /// <exception cref="DaprErrorException">An ETag is stale, or they cannot be written.</exception>
    public Task SaveAsync(IEnumerable<StateOperation> operations, CancellationToken cancellationToken) =>
        WriteAsync(operations, cancellationToken, failure => Failed("ERR_STATE_SAVE", $"failed saving state in state store {Store}: ", failure));

    /// <summary>Deletes a key; a key that is not there is none too many.</summary>
    /// <exception cref="DaprErrorException">The ETag is stale, or it cannot be deleted.</exception>
    public Task DeleteAsync(StateOperation operation, CancellationToken cancellationToken) =>
        WriteAsync([operation], cancellationToken, failure => Failed("ERR_STATE_DELETE", $"failed deleting state with key {operation.Key}: ", failure));

    /// <summary>Deletes several keys, all or none.</summary>
    /// <exception cref="DaprErrorException">An ETag is stale, or they cannot be deleted.</exception>
    public Task DeleteAsync(IEnumerable<StateOperation> operations, CancellationToken cancellationToken) =>
        WriteAsync(operations, cancellationToken, failure => Failed("ERR_STATE_BULK_DELETE", $"failed deleting state in state store {Store}: ", failure));

    /// <summary>Writes and deletes, all or nothing.</summary>
    /// <exception cref="DaprErrorException">An ETag is stale, or it cannot be carried out.</exception>
    public Task TransactAsync(IEnumerable<StateOperation> operations, CancellationToken cancellationToken) =>
        WriteAsync(operations, cancellationToken, failure => new(StatusCodes.Status500InternalServerError, "ERR_STATE_TRANSACTION", $"error while executing state transaction: {Explain(failure)}"));

    /// <summary>Whether an operation of a transaction deletes.</summary>
    /// <exception cref="DaprErrorException">It is neither <c>upsert</c> nor <c>delete</c>.</exception>
    public static bool IsDelete(string kind) => kind switch
    {
        "upsert" => false,
        "delete" => true,
        _ => throw new DaprErrorException(new(StatusCodes.Status400BadRequest, "ERR_NOT_SUPPORTED_STATE_OPERATION", $"operation type {kind} not supported") { GrpcStatus = StatusCode.Unimplemented }),
    };

    private StateValue? Shown(StateValue? value) => component.ExpiresAsRedis && value is { Expires: not null } ? value with { Expires = null } : value;

    private StateOperation Complete(StateOperation operation) => operation.TimeToLive is not null ? operation
        : component.TimeToLive is { } life ? operation with { TimeToLive = life }
        : operation with { KeepsExpiry = component.ExpiresAsRedis };

    private async Task WriteAsync(IEnumerable<StateOperation> operations, CancellationToken cancellationToken, Func<Exception, DaprError> describe)
    {
        var named = operations.Select(operation => (NameOf(operation.Key), Complete(operation))).ToList();
        if (named.Count > 0)
            await DoAsync(() => states.WriteAsync(Store, named, cancellationToken), cancellationToken, describe);
    }

    /// <summary>What the caller got wrong (an ETag) is no failure of the store and is not retried.</summary>
    private async Task DoAsync(Func<Task> call, CancellationToken cancellationToken, Func<Exception, DaprError> describe)
    {
        try
        {
            if (caller.Policies.ForOutbound(Store, "Statestore") is not { } policies)
            {
                await call();
                return;
            }

            StateException? refused = null;
            await ComponentCall.RunAsync(policies, Store, async () =>
            {
                try
                {
                    await call();
                }
                catch (StateException refusal)
                {
                    refused = refusal;
                }
            }, cancellationToken);
            if (refused is not null)
                throw refused;
        }
        catch (Exception failure) when (failure is StateException || ComponentCall.Explain(failure) is not null)
        {
            throw new DaprErrorException(describe(failure));
        }
    }

    private static DaprError Failed(string code, string prefix, Exception failure)
    {
        var status = failure is StateException refusal ? refusal.Status : StatusCodes.Status500InternalServerError;
        return new(status, code, prefix + Explain(failure))
        {
            GrpcStatus = status switch
            {
                StatusCodes.Status409Conflict => StatusCode.Aborted,
                StatusCodes.Status400BadRequest => StatusCode.InvalidArgument,
                _ => StatusCode.Internal,
            },
        };
    }

    private static string Explain(Exception failure) => ComponentCall.Explain(failure) ?? failure.Message;

    private string NameOf(string key)
    {
        if (key.Contains(Separator, StringComparison.Ordinal))
            throw IllegalKey(key);
        return component.KeyPrefix.ToLowerInvariant() switch
        {
            "none" => key,
            "name" => $"{component.Name}{Separator}{key}",
            "appid" or "namespace" => $"{caller.AppId}{Separator}{key}",
            _ => $"{component.KeyPrefix.Replace("{appID}", caller.AppId, StringComparison.Ordinal).Replace("{namespace}", "default", StringComparison.Ordinal).ToLowerInvariant()}{Separator}{key}",
        };
    }

    private DaprErrorException IllegalKey(string key)
    {
        var rule = $"input key/keyPrefix '{key}' can't contain '{Separator}'";
        // HTTP wraps what gRPC says.
        var wrapped = $"api error: code = InvalidArgument desc = {rule}";
        return new(new(StatusCodes.Status400BadRequest, "ERR_MALFORMED_REQUEST", wrapped)
        {
            GrpcStatus = StatusCode.InvalidArgument,
            GrpcMessage = rule,
            Reason = "DAPR_STATE_ILLEGAL_KEY",
            Resource = ("state", Store, ""),
            Field = (key, rule),
        });
    }
}
