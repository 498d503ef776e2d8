namespace OrderMall.Control;

/// <summary>Programs of this machine.</summary>
public static class OnPath
{
    /// <summary>Where a program is, or <see langword="null"/> where it is not on the PATH.</summary>
    public static string? Find(string name) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
            .SelectMany(folder => new[] { Path.Combine(folder, name), Path.Combine(folder, name + ".exe") })
            .FirstOrDefault(File.Exists);
}
