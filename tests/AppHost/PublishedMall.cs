using System.Diagnostics;
using System.Text.Json;

namespace OrderMall.AppHost.Tests;

/// <summary>What the AppHost gives to <c>azd</c>: a manifest and the Bicep it refers to.</summary>
public sealed class PublishedMall : IAsyncLifetime
{
    private static readonly TimeSpan TimeLimit = TimeSpan.FromMinutes(3);
    private readonly string _folder = Directory.CreateTempSubdirectory("ordermall-published-").FullName;

    /// <summary>The resources of the manifest.</summary>
    public IReadOnlyDictionary<string, JsonElement> Resources { get; private set; } = new Dictionary<string, JsonElement>();

    /// <summary>Everything that was written, by file.</summary>
    public IReadOnlyDictionary<string, string> Files { get; private set; } = new Dictionary<string, string>();

    /// <inheritdoc/>
    public async Task InitializeAsync()
    {
        if (AspireFactAttribute.IsRestricted)
            return;
        var manifest = Path.Combine(_folder, "aspire-manifest.json");
        await PublishAsync("--publisher", "manifest", "--output-path", manifest);
        Resources = JsonDocument.Parse(await File.ReadAllTextAsync(manifest)).RootElement.GetProperty("resources").EnumerateObject().ToDictionary(resource => resource.Name, resource => resource.Value);
        Files = Directory.EnumerateFiles(_folder).ToDictionary(file => Path.GetFileName(file), File.ReadAllText);
    }

    /// <inheritdoc/>
    public Task DisposeAsync()
    {
        Directory.Delete(_folder, recursive: true);
        return Task.CompletedTask;
    }

    /// <summary>The Bicep of the container app that a service is deployed as.</summary>
    public string ContainerApp(string appId) => Files[Resources[appId].GetProperty("deployment").GetProperty("path").GetString()!];

    /// <summary>Publishes everything as Bicep, as <c>aspire publish</c> does.</summary>
    /// <returns>The file that has all modules.</returns>
    public async Task<string> PublishBicepAsync()
    {
        var folder = Path.Combine(_folder, "bicep");
        await PublishAsync("--operation", "publish", "--step", "publish", "--output-path", folder);
        return await File.ReadAllTextAsync(Path.Combine(folder, "main.bicep"));
    }

    private static async Task PublishAsync(params string[] arguments)
    {
        var configuration = Path.GetFileName(Path.GetDirectoryName(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar)));
        var program = Repository.PathOf($"AppHost/bin/{configuration}/net10.0/OrderMall.AppHost.dll");
        using var limit = new CancellationTokenSource(TimeLimit);
        using var process = Process.Start(new ProcessStartInfo("dotnet", ["exec", program, .. arguments])
        {
            WorkingDirectory = Repository.PathOf("AppHost"),
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var output = Task.WhenAll(process.StandardOutput.ReadToEndAsync(limit.Token), process.StandardError.ReadToEndAsync(limit.Token));
        try
        {
            await process.WaitForExitAsync(limit.Token);
            Assert.True(process.ExitCode == 0, $"{string.Join(' ', arguments)} ended with {process.ExitCode}: {string.Join('\n', await output)}");
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{string.Join(' ', arguments)} did not end in {TimeLimit}.");
        }
    }
}
