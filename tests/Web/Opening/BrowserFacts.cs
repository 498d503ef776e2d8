namespace OrderMall.Web.Tests.Opening;

/// <summary>Where Debian's browser is, or what is missing.</summary>
internal static class Chromium
{
    /// <summary><c>CHROMIUM_PATH</c>, or where it usually is; <see langword="null"/> where there is none.</summary>
    public static readonly string? Path = new[] { Environment.GetEnvironmentVariable("CHROMIUM_PATH"), "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome" }.FirstOrDefault(File.Exists);

    public static readonly string? Missing = Path is null ? "It needs chromium: apt-get install chromium, or CHROMIUM_PATH." : null;
}

/// <summary>A fact in a real browser; skipped by name where there is none.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class BrowserFactAttribute : FactAttribute
{
    public BrowserFactAttribute() => Skip = Chromium.Missing;
}

/// <summary>A theory in a real browser; skipped by name where there is none.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class BrowserTheoryAttribute : TheoryAttribute
{
    public BrowserTheoryAttribute() => Skip = Chromium.Missing;
}
