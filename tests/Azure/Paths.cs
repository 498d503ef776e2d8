using System.Reflection;

namespace OrderMall.Azure.Tests;

/// <summary>The paths of what these tests look at, as their build knows them.</summary>
internal static class Paths
{
    /// <summary>The folder of the repository.</summary>
    public static string Checkout { get; } = Of("Checkout");

    /// <summary>The AppHost's program.</summary>
    public static string AppHost { get; } = Of("AppHost");

    /// <summary>The Bicep compiler's program; <see langword="null"/> where there is none.</summary>
    public static string? Bicep { get; } = OperatingSystem.IsLinux() && File.Exists(Of("Bicep"))
        ? Of("Bicep")
        : (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
            .Select(folder => Path.Combine(folder, OperatingSystem.IsWindows() ? "bicep.exe" : "bicep")).FirstOrDefault(File.Exists);

    private static string Of(string name) => typeof(Paths).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(metadata => metadata.Key == name).Value!;
}

/// <summary>A test that needs the Bicep compiler.</summary>
internal sealed class BicepFactAttribute : FactAttribute
{
    public BicepFactAttribute()
    {
        if (Paths.Bicep is null)
            Skip = "There is no Bicep compiler: on Linux it comes with the packages, elsewhere install it so that it is on the PATH.";
    }
}

/// <summary>The same with data.</summary>
internal sealed class BicepTheoryAttribute : TheoryAttribute
{
    public BicepTheoryAttribute() => Skip = new BicepFactAttribute().Skip;
}
