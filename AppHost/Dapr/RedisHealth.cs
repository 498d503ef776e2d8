using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using StackExchange.Redis;

namespace OrderMall.AppHost.Dapr;

/// <summary>Whether a Redis that this AppHost started answers: while it reads its file it does not.</summary>
internal static class RedisHealth
{
    /// <summary>Lets the server count as healthy while it answers.</summary>
    public static IResourceBuilder<ExecutableResource> WithRedisHealthCheck(this IResourceBuilder<ExecutableResource> server, RedisAddress address)
    {
        var options = new ConfigurationOptions { EndPoints = { address.Host }, Password = address.Password, ConnectTimeout = 2_000, SyncTimeout = 2_000, AbortOnConnectFail = true };
        server.ApplicationBuilder.Services.AddHealthChecks().AddAsyncCheck(server.Resource.Name, async () =>
        {
            try
            {
                await using var connection = await ConnectionMultiplexer.ConnectAsync(options);
                await connection.GetDatabase().PingAsync();
                return HealthCheckResult.Healthy();
            }
            catch (RedisException absent)
            {
                return HealthCheckResult.Unhealthy(absent.Message);
            }
        });
        return server.WithHealthCheck(server.Resource.Name);
    }
}
