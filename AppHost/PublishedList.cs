using System.Text.Json;
using System.Text.Json.Serialization;

namespace OrderMall.AppHost;

/// <summary>
/// The list as a file, for whom it cannot be code: the templates in <c>infra/</c> read it. Written by
/// <c>dotnet run --project AppHost -- --operation publish</c>, to <c>infra/services.json</c> or into <c>--output-path</c>.
/// </summary>
/// <param name="checkout">The folder above the AppHost's.</param>
internal sealed class PublishedList(string checkout, string folder) : ServiceList
{
    private const string Name = "services.json";
    private readonly List<PublishedService> _services = [];

    public override void Add<TProject>(MallService service) => Add(service, new TProject().ProjectPath);

    public override void AddPython(MallService service, string folder, string script) => Add(service, Path.Combine(checkout, "AppHost", folder, script));

    public override void AddOperations<TProject>(MallService service) => Add<TProject>(service);

    public override void AddGateway<TProject>(MallService service) => Add<TProject>(service with { IsPublic = true });

    public override void AddWeb<TProject>(MallService service) => Add<TProject>(service with { IsPublic = true });

    public override async Task<int> RunAsync()
    {
        var file = Path.Combine(Directory.CreateDirectory(folder).FullName, Name);
        // The same on every machine.
        await File.WriteAllTextAsync(file, JsonSerializer.Serialize(_services, PublishedJson.Default.ListPublishedService).ReplaceLineEndings("\n") + "\n");
        Console.WriteLine($"The list of the services is in {file}.");
        return 0;
    }

    private void Add(MallService service, string file) => _services.Add(new(
        service.AppId,
        Path.GetRelativePath(checkout, Path.GetDirectoryName(Path.GetFullPath(file))!).Replace('\\', '/'),
        service.HasDatabase,
        service.IsDemo,
        service.IsPublic,
        service.Settings,
        service.Invokes,
        service.Joins ?? ""));
}

/// <summary>A service as the templates know it.</summary>
internal sealed record PublishedService(
    string AppId, string Project, bool HasDatabase, bool IsDemo, bool IsPublic, IReadOnlyList<string> Settings, IReadOnlyList<string> Invokes, string Joins);

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(List<PublishedService>))]
internal sealed partial class PublishedJson : JsonSerializerContext;
