using System.Reflection;

namespace OrderMall.AppHost.Tests;

/// <summary>A fact of what the AppHost publishes; skipped by name where the package feed has no Aspire to publish with.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class AspireFactAttribute : FactAttribute
{
    public AspireFactAttribute()
    {
        if (IsRestricted)
            Skip = "The package feed has no Aspire, so the AppHost is built empty. Delete Directory.Feed.props where the feed has it.";
    }

    /// <summary>Whether this was built without Aspire.</summary>
    public static bool IsRestricted { get; } = typeof(AspireFactAttribute).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Any(data => data is { Key: "RestrictedFeed", Value: "true" });
}
