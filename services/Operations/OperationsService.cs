namespace OrderMall.Operations;

/// <summary>The operators' side: asks the other services what must agree, what is wrong with them and what they could not handle.</summary>
public sealed class OperationsService : IMallService
{
    /// <inheritdoc/>
    public static string AppId => AppIds.Operations;

    /// <inheritdoc/>
    public static void Configure(WebApplicationBuilder builder)
    {
        // A provider that is not the demo's own has no such ledger to be asked for.
        foreach (var appId in AuditSources.Services.Where(appId => appId != AppIds.PaymentProvider || Demo.IsOn(builder)))
            builder.AddServiceClient(appId);
        builder.AddJson(OperationsJson.Default, ContractsJson.Default);
        builder.Services.AddSingleton<Audit>();
        OperationsAlarms.Add(builder);
        AuditJob.AddIfWanted(builder);
        OperatorClient.Add(builder);
    }

    /// <inheritdoc/>
    public static void Map(WebApplication app)
    {
        AuditApi.Map(app);
        DeadLettersApi.Map(app);
        RepublishApi.Map(app);
        EventsApi.Map(app);
        ViewsApi.Map(app);
        AlarmsApi.Map(app);
    }
}
