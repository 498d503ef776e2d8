using System.Diagnostics;

namespace OrderMall.Postgres;

/// <summary>
/// Who the server runs as. PostgreSQL refuses to run as root, so root starts it as <c>postgres</c>, or
/// <c>nobody</c> where there is no such user; anyone else starts it as themselves.
/// </summary>
internal sealed class ServerAccount
{
    private readonly string? _user;
    private readonly string[] _prefix;

    private ServerAccount(string? user, string[] prefix) => (_user, _prefix) = (user, prefix);

    public static ServerAccount Current()
    {
        if (OperatingSystem.IsWindows() || Environment.UserName != "root")
            return new(null, []);
        var users = File.ReadLines("/etc/passwd").Select(line => line.Split(':')[0]).ToHashSet();
        var user = new[] { "postgres", "nobody" }.FirstOrDefault(users.Contains)
            ?? throw new PostgresClusterException(
                "PostgreSQL does not run as root, and there is no user 'postgres' or 'nobody' to run it as. Start the mall as another user.");
        string[] prefix =
            OwnSession.OnPath("setpriv") is { } setpriv ? [setpriv, "--reuid=" + user, "--regid=" + GroupOf(user), "--clear-groups", "--"]
            : OwnSession.OnPath("runuser") is { } runuser ? [runuser, "-u", user, "--"]
            : OwnSession.OnPath("su") is { } su ? [su, "-s", "/bin/sh", "-c", "exec \"$0\" \"$@\"", "--", user]
            : throw new PostgresClusterException(
                "PostgreSQL does not run as root, and none of setpriv, runuser and su is on the PATH. Start the mall as another user.");
        return new(user, prefix);
    }

    /// <summary>Makes a folder or file the server's own.</summary>
    public async Task OwnAsync(string path, CancellationToken cancellationToken)
    {
        if (_user is not null && await RunAsync(["chown", _user + ":", path], "/", cancellationToken) is { ExitCode: not 0 } failed)
            throw new PostgresClusterException($"'{path}' could not be given to the user '{_user}', whom PostgreSQL runs as: {failed.Output}");
    }

    /// <summary>Checks that the server's user can come to the folder at all: its parents may be closed to others.</summary>
    public async Task CheckReachableAsync(string folder, CancellationToken cancellationToken)
    {
        if (_user is not null && await RunAsync([.. _prefix, "test", "-w", folder], "/", cancellationToken) is { ExitCode: not 0 })
        {
            throw new PostgresClusterException(
                $"PostgreSQL does not run as root but as '{_user}', who cannot write to '{folder}' (a folder above it is closed to others). " +
                "Put the data elsewhere with --data, for example --data /var/tmp/ordermall, or start the mall as another user.");
        }
    }

    /// <summary>How to start a program as that user.</summary>
    /// <param name="ownSession">Whether it must not get the terminal's Ctrl+C: the server has to outlive the services that write to it.</param>
    public string[] Command(bool ownSession, params IEnumerable<string> command) =>
        [.. ownSession ? OwnSession.Prefix() : [], .. _prefix, .. command];

    public static ProcessStartInfo StartInfo(string[] command, string workingDirectory)
    {
        var start = new ProcessStartInfo(command[0], command.Skip(1))
        {
            WorkingDirectory = workingDirectory,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        // What the person has set for psql or another server is not meant for this one.
        foreach (var name in start.Environment.Keys.Where(k => k.StartsWith("PG", StringComparison.Ordinal) || k.StartsWith("LC_", StringComparison.Ordinal)).ToList())
            start.Environment.Remove(name);
        start.Environment["LC_ALL"] = "C";
        return start;
    }

    /// <summary>Runs a program to its end and returns what it wrote.</summary>
    public static async Task<(int ExitCode, string Output)> RunAsync(string[] command, string workingDirectory, CancellationToken cancellationToken)
    {
        using var process = Process.Start(StartInfo(command, workingDirectory))!;
        process.StandardInput.Close();
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
            var errors = await process.StandardError.ReadToEndAsync(cancellationToken);
            await process.WaitForExitAsync(cancellationToken);
            return (process.ExitCode, (errors.Length > 0 ? errors : await output).Trim());
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }

    private static string GroupOf(string user) =>
        File.ReadLines("/etc/passwd").Select(line => line.Split(':')).First(fields => fields[0] == user)[3];
}
