using Aspire.Hosting.Testing;
using Npgsql;
using OrderMall.Contracts;
using OrderMall.Mall;

namespace OrderMall.AppHost.Tests;

/// <summary>There is one list of the services, the AppHost's.</summary>
[Collection(AppHostCollection.Name)]
public sealed class OneListTests(OpenAppHost mall)
{
    [Fact]
    public void The_mall_in_one_process_has_every_service_of_the_list_that_is_written_for_dotnet() =>
        Assert.Equal(mall.Mall.ServiceIds.Except([AppIds.Marketing]).Order(), InProcessService.All.Select(service => service.AppId).Order());

    [Fact]
    public async Task Without_a_demo_nothing_stands_in_for_the_payment_provider()
    {
        var data = Directory.CreateTempSubdirectory("ordermall-list-");
        try
        {
            await using var plan = await DistributedApplicationTestingBuilder.CreateAsync<Projects.AppHost>(["--Mall:Port", "0", "--Mall:Data", data.FullName, "--Mall:Demo", "false"]);
            Assert.Equal(mall.Mall.ServiceIds.Except([AppIds.PaymentProvider]).Order(), mall.Mall.ServiceIds.Intersect(plan.Resources.Select(resource => resource.Name.Replace("-1", "", StringComparison.Ordinal))).Order());
        }
        finally
        {
            data.Delete(recursive: true);
        }
    }

    [LinuxFact]
    public void Whoever_has_a_schema_is_given_a_database_and_nobody_else()
    {
        // What a service is told, as its process has it.
        foreach (var service in InProcessService.All)
        {
            var told = MallProcesses.Environment(mall.Mall.ProcessId(service.AppId, 0)!.Value).GetValueOrDefault($"ConnectionStrings__{service.AppId}", "");
            Assert.Equal(service.Database, told.Length == 0 ? null : new NpgsqlConnectionStringBuilder(told).Database);
            Assert.Equal(HasSchema(service), told.Length > 0);
        }

        static bool HasSchema(InProcessService service) =>
            service.Create.Method.GetGenericArguments().Single().Assembly.GetManifestResourceNames().Any(name => name.EndsWith(".sql", StringComparison.Ordinal));
    }
}
