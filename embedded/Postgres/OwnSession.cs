namespace OrderMall.Postgres;

/// <summary>Starts a program where the terminal's Ctrl+C does not reach it: who started it stops it, when it is its turn.</summary>
internal static class OwnSession
{
    /// <summary>What to put before the program; nothing on Windows or where the machine has no means.</summary>
    public static string[] Prefix() =>
        OperatingSystem.IsWindows() ? []
        : OnPath("setsid") is { } setsid ? [setsid]
        : OnPath("perl") is { } perl ? [perl, "-MPOSIX", "-e", "POSIX::setsid(); exec @ARGV"] // macOS has no setsid
        : [];

    /// <summary>The full path of a program, also where the PATH leaves the system's folders out.</summary>
    public static string? OnPath(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
            .Concat(["/usr/bin", "/usr/sbin", "/bin", "/sbin"])
            .Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);
}
