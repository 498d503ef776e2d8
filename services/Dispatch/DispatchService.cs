using FluentValidation;
using OrderMall.Contracts;
using OrderMall.ServiceDefaults;
using OrderMall.ServiceDefaults.Database;
using OrderMall.ServiceDefaults.Messaging;

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
        builder.Services.ConfigureHttpJsonOptions(options => options.SerializerOptions.TypeInfoResolverChain.Insert(0, DispatchJson.Default));
        builder.Services.AddSingleton<InboundEvents>();
        builder.Services.AddSingleton<IValidator<HireWorker>, HireWorkerValidator>();
    }

    /// <inheritdoc/>
    public static void Map(WebApplication app)
    {
        var inbound = app.Services.GetRequiredService<InboundEvents>();
        app.MapEvents<DispatchDb>()
            .OnceIn<DispatchDb, StoreEvent>(Topics.Store, ContractsJson.Default.CloudEventStoreEvent, InboundEvents.StoreTypes, inbound.BeginAsync)
            .OnceIn<DispatchDb, OrderEvent>(Topics.Orders, ContractsJson.Default.CloudEventOrderEvent, InboundEvents.OrderTypes, inbound.EndAsync);
        WorkersApi.Map(app);
        AssignmentsApi.Map(app);
        Stops.Map(app);
        DispatchAudit.Map(app);
        Republishing.Map(app);
    }
}
