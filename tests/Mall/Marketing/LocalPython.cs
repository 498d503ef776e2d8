namespace OrderMall.Mall.Tests.Marketing;

/// <summary>The interpreter on this machine for the service that is written in Python.</summary>
internal static class LocalPython
{
    private static readonly Lazy<Python> Found = new(() => Python.FindAsync(CancellationToken.None).GetAwaiter().GetResult());

    /// <summary>The program; <see langword="null"/> where there is none.</summary>
    public static string? Program => Found.Value.Program;

    /// <summary>Why there is none; <see langword="null"/> where there is one.</summary>
    public static string? Missing => Program is null ? Found.Value.Missing : null;
}
