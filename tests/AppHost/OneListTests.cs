using Npgsql;
using OrderMall.Contracts;
using EmbeddedService = OrderMall.Mall.MallService;

namespace OrderMall.AppHost.Tests;

/// <summary>There is one list of the services, the AppHost's.</summary>
[Collection(AppHostCollection.Name)]
public sealed class OneListTests(OpenAppHost mall)
{
    [Fact]
    public void The_mall_in_one_process_has_every_service_of_the_list_that_is_written_for_dotnet() =>
        Assert.Equal(mall.Mall.ServiceIds.Except([AppIds.Marketing]).Order(), EmbeddedService.All.Select(service => service.AppId).Order());

    [LinuxFact]
    public void Whoever_has_a_schema_is_given_a_database_and_nobody_else()
    {
        // What a service is told, as its process has it.
        foreach (var service in EmbeddedService.All)
        {
            var told = MallProcesses.Environment(mall.Mall.ProcessId(service.AppId, 0)!.Value).GetValueOrDefault($"ConnectionStrings__{service.AppId}", "");
            Assert.Equal(service.Database, told.Length == 0 ? null : new NpgsqlConnectionStringBuilder(told).Database);
        }
    }
}
