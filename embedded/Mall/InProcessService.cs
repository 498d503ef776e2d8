using System.Reflection;
using System.Text.Json.Nodes;
using OrderMall.Postgres;
using OrderMall.ServiceDefaults;

namespace OrderMall.Mall;

/// <summary>A service of the AppHost's list that is written for .NET.</summary>
/// <param name="Database">The name of its database; <see langword="null"/> where it has none.</param>
/// <param name="IsDemo">Whether it is there in the demo only.</param>
/// <param name="Create">Makes it in this process from its configuration.</param>
internal sealed record InProcessService(string AppId, string? Database, bool IsDemo, Func<string[], WebApplication> Create)
{
    // As the AppHost publishes it; a test says where it is not up to date.
    private const string List = "services.json";

    /// <summary>All of them, in the order of the list.</summary>
    public static IReadOnlyList<InProcessService> All { get; } =
    [
        .. from service in JsonNode.Parse(typeof(InProcessService).Assembly.GetManifestResourceStream(List)!)!.AsArray()
           let appId = (string)service["appId"]!
           let create = CreateOf($"OrderMall.{Path.GetFileName((string)service["project"]!)}")
           where create is not null
           select new InProcessService(appId, (bool)service["hasDatabase"]! ? PostgresDatabases.NameOf(appId) : null, (bool)service["isDemo"]!, create),
    ];

    // Null for one in another language.
    private static Func<string[], WebApplication>? CreateOf(string assembly)
    {
        if (!File.Exists(Path.Combine(AppContext.BaseDirectory, $"{assembly}.dll")))
            return null;
        var service = Assembly.Load(assembly).GetExportedTypes().Single(type => type is { IsClass: true } && type.IsAssignableTo(typeof(IMallService)));
        return typeof(ServiceHost).GetMethod(nameof(ServiceHost.Create))!.MakeGenericMethod(service).CreateDelegate<Func<string[], WebApplication>>();
    }
}
