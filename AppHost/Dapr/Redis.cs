using System.Globalization;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using OrderMall.Control;
using OrderMall.Postgres;

namespace OrderMall.AppHost.Dapr;

/// <summary>The Redis that is broker and state store of real sidecars.</summary>
/// <param name="HostAndPort">Where it is, as <c>host:port</c>.</param>
/// <param name="Password">Empty where it asks for none.</param>
/// <param name="Resource">What is waited for; none where it is there already.</param>
internal sealed record Redis(object HostAndPort, object Password, IResourceBuilder<IResource>? Resource)
{
    /// <summary>The server of <c>ConnectionStrings:redis</c>, else one in a container where the servers are, else the <c>redis-server</c> of this machine.</summary>
    /// <exception cref="MallException">There is none.</exception>
    public static async Task<Redis> AddAsync(IDistributedApplicationBuilder builder, DataFolder folder, MallServers servers)
    {
        if (builder.Configuration.GetConnectionString("redis") is { Length: > 0 } given)
            return RedisAddress.Parse(given) is var address ? new Redis(address.Host, address.Password, null) : throw new InvalidOperationException();
        if (servers != MallServers.Containers && OnPath.Find("redis-server") is { } program)
            return await AddProgramAsync(builder, folder, program);
        if (await ContainerRuntime.FindAsync(builder.Configuration) is null)
            throw new MallException("There is no Redis for the sidecars: no redis-server is on the PATH and no container runtime runs. Install Redis (Debian: apt-get install redis-server), or name a server with ConnectionStrings:redis (host:port,password=...).");
        var container = builder.AddRedis("redis")
            .WithDataVolume("ordermall-redis")
            .WithPersistence(TimeSpan.FromSeconds(10), keysChangedThreshold: 1);
        return new Redis(container.Resource.PrimaryEndpoint.Property(EndpointProperty.HostAndPort), container.Resource.PasswordParameter!, container);
    }

    /// <summary>Lets a resource wait for it.</summary>
    public void WaitedForBy<T>(IResourceBuilder<T> resource)
        where T : IResourceWithWaitSupport
    {
        if (Resource is not null)
            resource.WaitFor(Resource);
    }

    private static async Task<Redis> AddProgramAsync(IDistributedApplicationBuilder builder, DataFolder folder, string program)
    {
        var address = new RedisAddress(string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{LoopbackPort.Find(1)[0]}"), Mall.Secret());
        var data = Path.Combine(folder.Path, "redis");
        PrivateFile.MakeFolder(data);
        // In a file: what stands in its arguments every user of the machine can read.
        var file = folder.RunFile("redis.conf");
        await PrivateFile.WriteAsync(file, $"""
            bind 127.0.0.1
            port {address.Host.Split(':')[1]}
            requirepass {address.Password}
            dir "{data}"
            appendonly yes
            appendfsync everysec
            save ""
            maxmemory-policy noeviction

            """, CancellationToken.None);
        // While it reads its file it does not answer.
        builder.Services.AddHealthChecks().AddRedis($"{address.Host},password={address.Password},connectTimeout=2000,asyncTimeout=2000", "redis");
        return new Redis(address.Host, address.Password, builder.AddExecutable("redis", program, folder.Path, file).WithIconName("Database").WithHealthCheck("redis"));
    }
}
