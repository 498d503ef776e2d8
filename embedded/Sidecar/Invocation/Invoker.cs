using Polly;
using Polly.Timeout;

namespace OrderMall.Sidecar.Invocation;

/// <summary>Service invocation: carries a call to a healthy instance of the called app, under the caller's policies for it.</summary>
internal sealed class Invoker(IReadOnlyDictionary<string, App> apps, AccessControl access, HttpMessageInvoker client, TimeProvider time)
{
    /// <summary>Makes the call and writes the answer, the app's or the sidecar's own.</summary>
    /// <param name="calleeId">The called app's id; a namespace behind a dot is taken for this one, as daprd takes it outside Kubernetes.</param>
    /// <param name="path">The method's, decoded, with its leading slash.</param>
    public async Task InvokeAsync(HttpContext http, App caller, string calleeId, string path, string query, TraceContext trace)
    {
        if (trace.Span is { } span)
        {
            span.DisplayName = $"CallLocal/{calleeId}/{path.TrimStart('/')}";
            span.SetTag("rpc.service", "ServiceInvocation").SetTag("net.peer.name", calleeId).SetTag("http.request.method", http.Request.Method);
        }

        MethodPath method;
        try
        {
            method = MethodPath.Parse(path);
        }
        catch (InvocationException mistake)
        {
            await DaprError.Invoke(calleeId, mistake.Message).WriteAsync(http.Response);
            return;
        }

        var id = calleeId.Split('.');
        if (id.Length > 2 || !apps.TryGetValue(id[0], out var callee))
        {
            await DaprError.Invoke(calleeId, id.Length > 2 ? $"invalid app id {calleeId}" : $"couldn't find service: {calleeId}").WriteAsync(http.Response);
            return;
        }

        // An app's own sidecar answers what it asks of itself.
        if (caller != callee && !access.Allows(caller.AppId, method.Name, http.Request.Method))
        {
            await DaprError.Denied(access.TrustDomain, caller.AppId, calleeId, method.Name, http.Request.Method).WriteAsync(http.Response);
            return;
        }

        if (http.Request.ContentLength is > RequestBody.Limit)
        {
            await DaprError.Invoke(calleeId, new BodyTooLargeException().Message).WriteAsync(http.Response);
            return;
        }

        var call = new AppCall(http, caller, callee, method.Encoded, query, trace);
        try
        {
            if (call.Policies is null)
                await WithoutPoliciesAsync(call);
            else
                await WithPoliciesAsync(call, call.Policies);
        }
        catch (Exception) when (http.RequestAborted.IsCancellationRequested)
        {
            // The caller has closed its connection; there is nobody to answer.
        }
        catch (TimeoutRejectedException) when (call.AnswerBegun)
        {
            // As in Dapr, a time limit ends a stream as if it were complete.
        }
        catch (Exception failure) when (Explain(failure) is { } problem)
        {
            // Half an answer must not look like a whole one.
            if (call.AnswerBegun)
                http.Abort();
            else
                await DaprError.Invoke(calleeId, problem).WriteAsync(http.Response);
        }
    }

    private async Task WithPoliciesAsync(AppCall call, TargetPolicies policies)
    {
        if (policies.MayRepeat)
            await call.KeepBodyAsync();
        var context = ResilienceContextPool.Shared.Get(call.Http.RequestAborted);
        context.Properties.Set(PolicyPipeline.Call, call);
        try
        {
            // What is kept back is the last failure's own answer, which the caller gets when the tries are over.
            using var failure = await policies.Pipeline.ExecuteAsync(
                static (context, state) => state.Invoker.TryAsync(state.Call, context.CancellationToken),
                context,
                (Invoker: this, Call: call));
            if (failure is not null)
                await call.AnswerAsync(failure, call.Http.RequestAborted);
        }
        finally
        {
            ResilienceContextPool.Shared.Return(context);
        }
    }

    /// <summary>One try under policies. A 2xx or 3xx is forwarded at once; any other answer is read and kept back for the policies to judge.</summary>
    private async ValueTask<HttpResponseMessage?> TryAsync(AppCall call, CancellationToken cancellationToken)
    {
        var answer = await SendAsync(call, cancellationToken);
        try
        {
            if ((int)answer.StatusCode is >= 200 and < 400)
            {
                using (answer)
                    await call.AnswerAsync(answer, cancellationToken);
                return null;
            }

            await answer.Content.LoadIntoBufferAsync(RequestBody.Limit, cancellationToken);
            return answer;
        }
        catch
        {
            answer.Dispose();
            throw;
        }
    }

    private async Task WithoutPoliciesAsync(AppCall call)
    {
        var cancellationToken = call.Http.RequestAborted;
        var began = time.GetTimestamp();
        for (var retries = 0; ; retries++)
        {
            try
            {
                using var answer = await SendAsync(call, cancellationToken);
                await call.AnswerAsync(answer, cancellationToken);
                return;
            }
            catch (HttpRequestException failure) when (
                failure.HttpRequestError == HttpRequestError.ConnectionError
                && call.CanRepeat
                && call.Caller.Policies.BuiltInRetry.Pause(retries, time.GetElapsedTime(began)) is not null)
            {
                await Task.Delay(call.Caller.Policies.BuiltInRetry.Duration, time, cancellationToken);
            }
        }
    }

    /// <summary>Sends to the healthy instance with the least to do; where nobody listens any more, to the one after it.</summary>
    private async ValueTask<HttpResponseMessage> SendAsync(AppCall call, CancellationToken cancellationToken)
    {
        for (var refusals = 0; refusals <= call.Callee.Instances.Count; refusals++)
        {
            var instance = call.Callee.NextInstance();
            if (instance is null)
                break;
            using var request = call.RequestTo(instance);
            try
            {
                return await instance.SendAsync(client, request, cancellationToken);
            }
            catch (HttpRequestException failure) when (HealthProbes.IsRefusal(failure))
            {
                call.Callee.Refused(instance);
            }
        }

        // The callee's sidecar says so to the caller's, and that to the caller.
        throw new InvocationException("rpc error: code = Internal desc = error invoking app channel: rpc error: code = Internal desc = app is not in a healthy state");
    }

    /// <summary>What went wrong in Dapr's words, or <see langword="null"/> for a mistake of this program, which must not be hidden.</summary>
    private static string? Explain(Exception failure) => failure switch
    {
        TimeoutRejectedException => "context deadline exceeded",
        CircuitOpenException or InvocationException or BodyTooLargeException => failure.Message,
        HttpRequestException { InnerException: { } cause } => Explain(cause) ?? cause.Message,
        HttpRequestException or IOException => failure.Message,
        _ => null,
    };
}
