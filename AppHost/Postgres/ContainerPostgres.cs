using OrderMall.Control;
using OrderMall.Postgres;

namespace OrderMall.AppHost.Postgres;

/// <summary>A server in a container, which keeps its data in a volume.</summary>
internal static class ContainerPostgres
{
    private const int Connections = 200;

    /// <exception cref="MallException">No container runtime runs.</exception>
    public static async Task<Databases> AddAsync(IDistributedApplicationBuilder builder)
    {
        if (await ContainerRuntime.FindAsync(builder.Configuration) is null)
            throw new MallException(ContainerRuntime.Missing);
        var server = builder.AddPostgres("postgres")
            .WithDataVolume("ordermall-postgres")
            .WithArgs("-c", "max_connections=500");
        return new Databases(server, PostgresDatabases.SharedPrefix, Connections, async cancellationToken =>
            await server.Resource.ConnectionStringExpression.GetValueAsync(cancellationToken)
                ?? throw new MallException("The PostgreSQL container has no address yet."));
    }
}
