namespace OrderMall.Store;

/// <summary>Ordering asks not to fulfil an order that was cancelled or rejected.</summary>
internal static class StopCalls
{
    public static void Map(WebApplication app) => app.MapPost("/stops", StopAsync).ExcludeFromDescription();

    private static async Task<Ok<StopAnswer>> StopAsync(StopRequest request, StoreDb db, TimeProvider time, CancellationToken cancellationToken) =>
        TypedResults.Ok(new StopAnswer(await db.DecideAsync(
            async () =>
            {
                if (await db.Orders.FindAsync([request.OrderId], cancellationToken) is { } order)
                    return order.Stop(request.UnlessConfirmed, time.Now()) ? StopOutcome.Stopped : StopOutcome.TooLate;
                db.Orders.Add(StoreOrder.StoppedBeforeItCame(request.OrderId));
                return StopOutcome.Stopped;
            },
            cancellationToken)));
}
