namespace OrderMall.PaymentProvider;

/// <summary>What the provider does for its merchants, and how it is made to fail.</summary>
internal static class ProviderCalls
{
    public static void Map(WebApplication app)
    {
        var api = app.MapGroup("/provider").ExcludeFromDescription().AddEndpointFilter(BehaveAsync);
        api.MapPost("/charges", async (ProviderCharge charge, Ledger ledger, ModeSwitch mode, TimeProvider time, CancellationToken cancellationToken) =>
            TypedResults.Ok(await ledger.ChargeAsync(
                charge, charge.PaymentMethod == Demo.DeclinedCard || mode.Current.Mode == Behaviour.Decline, time.Now(), cancellationToken))).WithValidation<ProviderCharge>();
        api.MapPost("/refunds", async (ProviderKey refund, Ledger ledger, TimeProvider time, CancellationToken cancellationToken) =>
            TypedResults.Ok(await ledger.RefundAsync(refund.Key, time.Now(), cancellationToken)));
        api.MapPost("/lookups", async (ProviderKey lookup, Ledger ledger, CancellationToken cancellationToken) =>
            TypedResults.Ok(await ledger.LookUpAsync(lookup.Key, cancellationToken)));

        app.MapPut("/mode", (ProviderMode mode, ModeSwitch current) => SetMode(mode, current)).ExcludeFromDescription().WithValidation<ProviderMode>();
    }

    private static Ok<ProviderMode> SetMode(ProviderMode mode, ModeSwitch current)
    {
        current.Current = mode;
        return TypedResults.Ok(current.Current);
    }

    // Slow means: done, but the answer comes late. That is what makes outcomes unknown to the caller.
    private static async ValueTask<object?> BehaveAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var mode = context.HttpContext.RequestServices.GetRequiredService<ModeSwitch>().Current;
        if (mode.Mode == Behaviour.Down)
            return TypedResults.StatusCode(StatusCodes.Status503ServiceUnavailable);
        var answer = await next(context);
        if (mode.Mode == Behaviour.Slow)
            await Task.Delay(mode.DelayMs!.Value, context.HttpContext.RequestAborted);
        return answer;
    }
}
