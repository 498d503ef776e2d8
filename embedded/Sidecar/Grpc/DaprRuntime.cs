using Dapr.Client.Autogen.Grpc.v1;
using Grpc.Reflection;

namespace OrderMall.Sidecar.Grpc;

/// <summary>Puts a <see cref="DaprRuntimeBase"/> into a server.</summary>
internal static class DaprRuntime
{
    /// <summary>Adds the service, and the reflection by which Dapr's SDK asks what there is before it publishes many events at once.</summary>
    public static void AddDaprRuntime<TService>(this IServiceCollection services, TService service)
        where TService : DaprRuntimeBase
    {
        services.AddGrpc();
        services.AddSingleton(service);
        services.AddSingleton(new ReflectionV1ServiceImpl(DaprReflection.Descriptor.Services.Single(known => known.FullName == DaprRuntimeBase.Name)));
    }

    /// <summary>Maps both.</summary>
    public static void MapDaprRuntime<TService>(this IEndpointRouteBuilder endpoints)
        where TService : DaprRuntimeBase
    {
        endpoints.MapGrpcService<TService>();
        endpoints.MapGrpcService<ReflectionV1ServiceImpl>();
    }
}
