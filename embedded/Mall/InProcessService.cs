using System.Reflection;
using OrderMall.Postgres;
using OrderMall.ServiceDefaults;

namespace OrderMall.Mall;

/// <summary>A .NET service of the mall: one for each project in <c>services/</c>. What it needs, and who it invokes, stands in the AppHost alone.</summary>
/// <param name="Database">The name of its database; <see langword="null"/> where it has no schema, and so keeps no tables.</param>
/// <param name="Create">Makes it in this process from its configuration.</param>
internal sealed record InProcessService(string AppId, string? Database, Func<string[], WebApplication> Create)
{
    // Before the name of an assembly: the project file says so of each.
    private const string Mark = "Service:";

    /// <summary>All of them, in the order of their names.</summary>
    public static IReadOnlyList<InProcessService> All { get; } =
    [
        .. typeof(InProcessService).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Where(metadata => metadata.Key.StartsWith(Mark, StringComparison.Ordinal))
            .SelectMany(service => Assembly.Load(service.Key[Mark.Length..]).GetExportedTypes())
            .Where(type => type is { IsClass: true } && type.IsAssignableTo(typeof(IMallService)))
            .Select(type => (InProcessService)typeof(InProcessService).GetMethod(nameof(Of), BindingFlags.Static | BindingFlags.NonPublic)!.MakeGenericMethod(type).Invoke(null, null)!),
    ];

    private static InProcessService Of<TService>()
        where TService : IMallService
    {
        var hasSchema = typeof(TService).Assembly.GetManifestResourceNames().Any(name => name.EndsWith(".sql", StringComparison.Ordinal));
        return new(TService.AppId, hasSchema ? PostgresDatabases.NameOf(TService.AppId) : null, ServiceHost.Create<TService>);
    }
}
