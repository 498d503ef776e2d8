using System.Diagnostics;
using System.Net;

namespace OrderMall.AppHost.Tests;

/// <summary>
/// A mall whose programs send traces, metrics and logs to a collector of the tests, whose databases and sidecar tests may spoil, and
/// whose events are given up after a second.
/// </summary>
public sealed class ObservedAppHost : AppHostFixture
{
    private TraceCollector? _collector;

    /// <summary>What its programs have sent.</summary>
    internal TraceCollector Collector => _collector!;

    private string Components => Data + "-components";

    /// <inheritdoc/>
    public override async Task InitializeAsync()
    {
        await base.InitializeAsync();
        // The first of its kind is slow, and may be asked for again: that is seen here.
        var (shop, customer) = (await BookshopAsync(), await NewCustomerAsync());
        var offer = await shop.SellBookAsync();
        var order = (await Eventually.Answers(async () => (await customer.OrderAsync(offer)).Is(HttpStatusCode.Created))).Json.GetProperty("id").GetGuid();
        await customer.OnPageAsync(order, "Preparing");
        await Eventually.Is(3, async () => (await customer.MessagesAsync(order)).Count);
    }

    /// <inheritdoc/>
    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        await Collector.DisposeAsync();
        Directory.Delete(Components, recursive: true);
    }

    /// <summary>Waits until everything that a service has to say is with the sidecar.</summary>
    public Task HasPublishedAsync(string appId) => Eventually.Is(0L, () => CountAsync(appId, "outbox"));

    /// <summary>The state store loses everything. The sidecar, which remembers some of it, is started anew.</summary>
    /// <param name="except">How the keys end that stay.</param>
    public async Task LoseStateAsync(string? except = null)
    {
        await KillSidecarAsync();
        Assert.NotEqual(0, await ExecuteAsync("sidecar", "DELETE FROM state WHERE $1 = '' OR key NOT LIKE '%' || $1", except ?? ""));
    }

    /// <summary>
    /// The sidecar dies, and with it every event of some orders that waits for subscribers that are down: as a broker would lose them.
    /// </summary>
    /// <returns>How many were lost.</returns>
    public async Task<int> LoseEventsAsync(params Guid[] orders)
    {
        await KillSidecarAsync();
        return await ExecuteAsync(
            "sidecar", "DELETE FROM event_queue WHERE EXISTS (SELECT 1 FROM unnest($1) AS lost WHERE position(convert_to(lost, 'UTF8') in envelope) > 0)",
            (object)orders.Select(order => order.ToString()).ToArray());
    }

    /// <inheritdoc/>
    protected override async Task PrepareAsync()
    {
        _collector = await TraceCollector.StartAsync();
        Directory.CreateDirectory(Components);
        foreach (var file in Directory.EnumerateFiles(Path.Combine(Projects.AppHost.ProjectPath, "..", "components"), "*.yaml"))
            await File.WriteAllTextAsync(Path.Combine(Components, Path.GetFileName(file)), (await File.ReadAllTextAsync(file)).Replace("maxRetries: 60", "maxRetries: 2", StringComparison.Ordinal));
    }

    /// <inheritdoc/>
    protected override Task<AppHostMall> OpenAsync() => AppHostMall.OpenAsync(Data, ["--Mall:Components", Components], builder =>
    {
        foreach (var program in builder.Resources.OfType<IResourceWithEnvironment>().ToList())
        {
            builder.CreateResourceBuilder(program).WithEnvironment(context =>
            {
                var variables = context.EnvironmentVariables;
                variables["OTEL_EXPORTER_OTLP_ENDPOINT"] = Collector.Address.ToString();
                variables["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf";
                (variables["OTEL_METRIC_EXPORT_INTERVAL"], variables["OTEL_BSP_SCHEDULE_DELAY"], variables["OTEL_BLRP_SCHEDULE_DELAY"]) = ("500", "200", "200");
            });
        }
    });

    private async Task KillSidecarAsync()
    {
        using var sidecar = Process.GetProcessById(Mall.SidecarProcessId!.Value);
        sidecar.Kill();
        await sidecar.WaitForExitAsync();
    }
}

/// <summary>Tests that share <see cref="ObservedAppHost"/>.</summary>
[CollectionDefinition(Name)]
public sealed class ObservedCollection : ICollectionFixture<ObservedAppHost>
{
    public const string Name = "Observed";
}
