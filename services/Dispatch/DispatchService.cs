using FluentValidation;

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
        builder.Services.AddSingleton<DispatchEvents>();
        builder.Services.AddSingleton<IValidator<HireWorker>, HireWorkerValidator>();
    }

    /// <inheritdoc/>
    public static void Map(WebApplication app)
    {
        var inbound = app.Services.GetRequiredService<DispatchEvents>();
        app.MapEvents<DispatchDb>()
            .Once<StoreEvent>(DispatchEvents.StoreTypes, inbound.BeginAsync)
            .Once<OrderEvent>(DispatchEvents.OrderTypes, inbound.EndAsync);
        WorkersApi.Map(app);
        AssignmentsApi.Map(app);
        CalendarApi.Map(app);
        StopCalls.Map(app);
        WorkerCalls.Map(app);
        DispatchAudit.Map(app);
        RepublishCalls.Map(app);
    }
}
