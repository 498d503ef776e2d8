using System.Diagnostics;
using System.Runtime.CompilerServices;
using Npgsql;

namespace OrderMall.Services.Tests;

/// <summary>What the job of <c>infra/modules/databases.bicep</c> does in the server, by the same program. What only Azure's server has, the roles of identities, stands in.</summary>
[Collection(ServiceCollection.Name)]
public sealed class AzureDatabasesTests(ServiceFixture fixture)
{
    private const string Password = "secret-of-a-test";

    [PsqlFact]
    public async Task A_role_may_use_its_own_database_and_no_other_however_often_it_is_made()
    {
        var server = new NpgsqlConnectionStringBuilder(await fixture.CreateDatabaseAsync("azure")) { Database = "postgres", Pooling = false };
        var suffix = Guid.NewGuid().ToString("N")[..8];
        var (administrator, own, other) = ($"id-databases-{suffix}", $"payment_{suffix}", $"store_{suffix}");
        await RunAsync(server, $"""
            CREATE ROLE "{administrator}" LOGIN CREATEDB CREATEROLE PASSWORD '{Password}';
            CREATE OR REPLACE FUNCTION pgaadauth_create_principal_with_oid(name text, id text, kind text, admin boolean, mfa boolean) RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS
            $made$ BEGIN EXECUTE format('CREATE ROLE %I LOGIN PASSWORD %L', name, '{Password}'); RETURN name; END $made$
            """);

        foreach (var role in new[] { own, other, own })
            await PsqlAsync(new(server.ConnectionString) { Username = administrator, Password = Password }, role);

        var payment = new NpgsqlConnectionStringBuilder(server.ConnectionString) { Username = own, Password = Password, Database = own };
        await RunAsync(payment, "CREATE TABLE payment (id int); CREATE SCHEMA archive; INSERT INTO payment VALUES (1)");
        payment.Database = other;
        Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, (await Assert.ThrowsAsync<PostgresException>(() => RunAsync(payment, "SELECT 1"))).SqlState);
        payment.Database = own;
        Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, (await Assert.ThrowsAsync<PostgresException>(() => RunAsync(payment, "CREATE ROLE more"))).SqlState);
        // As everywhere else, so that texts are in the same order.
        Assert.Equal("C", await RunAsync(payment, "SELECT datcollate FROM pg_database WHERE datname = current_database()"));
    }

    private static async Task<object?> RunAsync(NpgsqlConnectionStringBuilder settings, string sql)
    {
        await using var connection = new NpgsqlConnection(settings.ConnectionString);
        await connection.OpenAsync();
#pragma warning disable CA2100 // Of this test alone.
        await using var command = new NpgsqlCommand(sql, connection);
#pragma warning restore CA2100
        return await command.ExecuteScalarAsync();
    }

    private static async Task PsqlAsync(NpgsqlConnectionStringBuilder settings, string role, [CallerFilePath] string here = "")
    {
        var sql = Path.Combine(Path.GetDirectoryName(here)!, "../../infra/modules/databases.sql");
        var start = new ProcessStartInfo(PsqlFactAttribute.Program!, ["-X", "-q", "-v", "ON_ERROR_STOP=1", "-v", $"role={role}", "-v", "principal=0", "-d", "postgres", "-f", sql]) { RedirectStandardOutput = true, RedirectStandardError = true };
        (start.Environment["PGHOST"], start.Environment["PGPORT"]) = (settings.Host, $"{settings.Port}");
        (start.Environment["PGUSER"], start.Environment["PGPASSWORD"]) = (settings.Username, settings.Password);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        using var process = Process.Start(start)!;
        var said = await Task.WhenAll(process.StandardOutput.ReadToEndAsync(limit.Token), process.StandardError.ReadToEndAsync(limit.Token));
        await process.WaitForExitAsync(limit.Token);
        Assert.True(process.ExitCode == 0, string.Join(Environment.NewLine, said));
    }
}

/// <summary>A test that needs PostgreSQL's <c>psql</c>.</summary>
internal sealed class PsqlFactAttribute : FactAttribute
{
    public PsqlFactAttribute()
    {
        if (Program is null)
            Skip = "There is no psql on this machine: install PostgreSQL's client programs.";
    }

    public static string? Program { get; } = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .Concat(Directory.Exists("/usr/lib/postgresql") ? Directory.EnumerateDirectories("/usr/lib/postgresql").Select(version => Path.Combine(version, "bin")) : [])
        .Select(folder => Path.Combine(folder, OperatingSystem.IsWindows() ? "psql.exe" : "psql")).FirstOrDefault(File.Exists);
}
