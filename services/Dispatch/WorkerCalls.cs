namespace OrderMall.Dispatch;

/// <summary>Tells the catalog how many visits a merchant has workers for.</summary>
internal static class WorkerCalls
{
    public static void Map(WebApplication app) => app.MapPost("/worker-counts", async (WorkerCountRequest request, DispatchDb db, CancellationToken cancellationToken) =>
        TypedResults.Ok(new WorkerCountAnswer(await db.Workers.CountAsync(
            worker => worker.MerchantId == request.MerchantId && !db.DaysOff.Any(off => off.WorkerId == worker.Id && off.Date == request.Date), cancellationToken)))).ExcludeFromDescription();
}
