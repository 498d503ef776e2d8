using Microsoft.Extensions.Logging.Abstractions;

namespace OrderMall.Sidecar.Tests;

internal sealed class EmbeddedUnderTest(PostgresServer postgres) : SidecarUnderTest
{
    private EmbeddedSidecar? _sidecar;

    public override async ValueTask DisposeAsync()
    {
        if (_sidecar is not null)
            await _sidecar.DisposeAsync();
        await base.DisposeAsync();
    }

    protected override async Task StartSidecarAsync(Setup setup) =>
        _sidecar = await EmbeddedSidecar.StartAsync(
            new()
            {
                ResourcesPath = Resources,
                ConnectionString = await postgres.NewDatabaseAsync(),
                ProbeInterval = TimeSpan.FromMilliseconds(50),
                Apps =
                [
                    new() { AppId = setup.AppIds.A, Port = SidecarPortA, GrpcPort = GrpcPortA, Instances = [AppA.Address], ApiToken = setup.ApiToken, AppToken = setup.AppToken },
                    new() { AppId = setup.AppIds.B, Port = SidecarPortB, GrpcPort = GrpcPortB, Instances = [AppB.Address], ApiToken = setup.ApiToken, AppToken = setup.AppToken },
                ],
            },
            NullLoggerFactory.Instance,
            CancellationToken.None);
}
