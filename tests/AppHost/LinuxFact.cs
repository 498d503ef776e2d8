namespace OrderMall.AppHost.Tests;

/// <summary>A fact about processes as Linux shows them, and about signals.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class LinuxFactAttribute : FactAttribute
{
    public LinuxFactAttribute() => Skip = OperatingSystem.IsLinux() ? null : "looks at processes as Linux shows them";
}
