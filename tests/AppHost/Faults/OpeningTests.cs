using System.Net;
using System.Text.Json;
using Aspire.Hosting.Testing;

namespace OrderMall.AppHost.Tests.Faults;

/// <summary>What goes wrong once while the mall opens does not end the opening.</summary>
public sealed class OpeningTests : IDisposable
{
    private readonly string _data = Path.Combine(Path.GetTempPath(), $"ordermall-opening-{Guid.NewGuid():N}");

    [Fact]
    public async Task A_program_that_ends_and_one_that_cannot_be_started_are_started_again()
    {
        var (ended, failed) = (0, 0);
        await using var mall = await AppHostMall.OpenAsync(_data, [], builder =>
        {
            Environment(builder, "notification", variables =>
            {
                // It ends by itself with what is wrong with that.
                if (ended++ == 0)
                    (variables["Smtp__Host"], variables["Smtp__Port"]) = ("127.0.0.1", "0");
            });
            Environment(builder, "dispatch", _ =>
            {
                if (failed++ == 0)
                    throw new TimeoutException("The database was not made in time.");
            });
        });

        var services = (await (await mall.OperatorAsync()).GetAsync("/api/ops/services")).Is(HttpStatusCode.OK).Json.EnumerateArray();
        Assert.Equal(["dispatch 1", "notification 1"], services.Where(service => Restarts(service) > 0).Select(service => $"{service.GetProperty("appId")} {Restarts(service)}").Order());
    }

    public void Dispose() => Directory.Delete(_data, recursive: true);

    private static int Restarts(JsonElement service) => service.GetProperty("restarts").GetInt32();

    private static void Environment(IDistributedApplicationTestingBuilder builder, string app, Action<Dictionary<string, object>> change) =>
        builder.CreateResourceBuilder((IResourceWithEnvironment)builder.Resources.Single(resource => resource.Name == app)).WithEnvironment(context => change(context.EnvironmentVariables));
}
