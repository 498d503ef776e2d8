namespace OrderMall.AppHost.Tests;

/// <summary>A fact about processes as Linux shows them; skipped by name elsewhere.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class LinuxFactAttribute : FactAttribute
{
    public LinuxFactAttribute() => Skip = OperatingSystem.IsLinux() ? null : "looks at processes as Linux shows them";
}

/// <summary>A fact about processes that are killed and stopped; skipped by name where there are no signals.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class UnixFactAttribute : FactAttribute
{
    public UnixFactAttribute() => Skip = OperatingSystem.IsWindows() ? "kills and stops processes by signals, which Windows does not have" : null;
}

/// <summary>A theory about processes that are killed and stopped; skipped by name where there are no signals.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class UnixTheoryAttribute : TheoryAttribute
{
    public UnixTheoryAttribute() => Skip = new UnixFactAttribute().Skip;
}

/// <summary>A fact about the service that is written in Python; skipped by name where there is none.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class PythonFactAttribute : FactAttribute
{
    private static readonly Lazy<Python> Found = new(() => Python.FindAsync(CancellationToken.None).GetAwaiter().GetResult());

    public PythonFactAttribute() => Skip = Found.Value.Program is null ? Found.Value.Missing : null;
}
