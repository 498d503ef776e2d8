namespace OrderMall.Dispatch;

/// <summary>Workers, and whom they are sent to.</summary>
public sealed class DispatchService : IMallService
{
    /// <inheritdoc/>
    public static string AppId => AppIds.Dispatch;

    /// <inheritdoc/>
    public static void Configure(WebApplicationBuilder builder)
    {
        builder.AddDatabase<DispatchDb>();
        // Of what is never said to be over, such as a table that was confirmed. A complaint may still come for a while.
        builder.Services.AddSingleton(new Retention("assignment", "order_id", "date", "phone IS NOT NULL") { Value = "phone" });
        builder.AddJson(DispatchJson.Default, ContractsJson.Default);
        builder.AddValidators<DispatchService>();
    }

    /// <inheritdoc/>
    public static void Map(WebApplication app)
    {
        DispatchEvents.Map(app);
        WorkersApi.Map(app);
        AssignmentsApi.Map(app);
        CalendarApi.Map(app);
        StopCalls.Map(app);
        WorkerCalls.Map(app);
        DispatchAudit.Map(app);
        RepublishCalls.Map(app);
    }
}
