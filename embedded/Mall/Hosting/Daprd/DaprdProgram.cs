namespace OrderMall.Mall.Hosting;

/// <summary>The <c>daprd</c> of this machine.</summary>
internal static class DaprdProgram
{
    /// <summary>Where it is: as the variable DAPRD_PATH says, on the PATH, or where <c>dapr init --slim</c> puts it.</summary>
    /// <exception cref="MallException">It is not there.</exception>
    public static string Find()
    {
        if (Environment.GetEnvironmentVariable("DAPRD_PATH") is { Length: > 0 } given)
            return File.Exists(given) ? given : throw new MallException($"DAPRD_PATH names {given}, which does not exist.");
        var installed = Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".dapr", "bin", OperatingSystem.IsWindows() ? "daprd.exe" : "daprd");
        return OnPath.Find("daprd")
            ?? (File.Exists(installed) ? installed : throw new MallException(
                "There is no daprd: it is not on the PATH, not in ~/.dapr/bin, and DAPRD_PATH does not name one. Install the Dapr CLI and run `dapr init --slim`, or open the mall without --sidecar daprd."));
    }
}
