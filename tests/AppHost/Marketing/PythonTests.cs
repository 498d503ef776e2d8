namespace OrderMall.AppHost.Tests.Marketing;

/// <summary>Which Python the mall takes. It changes the process's own PATH, by which the other tests' malls find their programs.</summary>
[Collection(AloneCollection.Name)]
public sealed class PythonTests
{
    [UnixFact]
    public async Task Pythons_that_are_too_old_or_do_not_run_are_named()
    {
        var programs = Directory.CreateTempSubdirectory("ordermall-python-").FullName;
        var path = Environment.GetEnvironmentVariable("PATH");
        try
        {
            await InstallAsync(programs, "python3", "echo 3.8; echo /bin/sh");
            await InstallAsync(programs, "python", "exit 1");
            Environment.SetEnvironmentVariable("PATH", programs);
            var found = await Python.FindAsync(CancellationToken.None);
            Assert.Null(found.Program);
            Assert.Equal($"no Python 3.9 or later is on the PATH ({programs}/python3 is 3.8, {programs}/python does not run). Install one (python3) and open the mall again", found.Missing);
        }
        finally
        {
            Environment.SetEnvironmentVariable("PATH", path);
            Directory.Delete(programs, recursive: true);
        }
    }

    private static async Task InstallAsync(string folder, string name, string script)
    {
        var program = Path.Combine(folder, name);
        await File.WriteAllTextAsync(program, $"#!/bin/sh\n{script}\n");
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserExecute);
    }
}
