using OrderMall.Mall.Hosting;

namespace OrderMall.Mall.Tests.Marketing;

/// <summary>A fact of the service that is written in Python; skipped by name where there is none.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class PythonFactAttribute : FactAttribute
{
    private static readonly Lazy<Python> Found = new(() => Python.FindAsync(CancellationToken.None).GetAwaiter().GetResult());

    public PythonFactAttribute()
    {
        if (Program is null)
            Skip = Found.Value.Missing;
    }

    /// <summary>The interpreter.</summary>
    public static string? Program => Found.Value.Program;
}
