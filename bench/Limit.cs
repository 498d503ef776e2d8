using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Npgsql;
using OrderMall.Control;
using OrderMall.Postgres;

namespace OrderMall.Bench;

/// <summary>What this machine could do at most.</summary>
/// <param name="PerSecond">How many orders' rows PostgreSQL committed a second, an order in one transaction of one statement.</param>
/// <param name="Rows">How many rows an order is.</param>
/// <param name="Cpu">Of PostgreSQL, for each order.</param>
/// <param name="OthersCores">How many cores were at work for others meanwhile.</param>
internal sealed record LimitResult(double PerSecond, int Rows, TimeSpan Cpu, double OthersCores);

/// <summary>Writes the rows of orders into a new private server with the settings of the mall's, by pgbench: no mall can be faster on this machine.</summary>
internal static partial class Limit
{
    private const int WarmUpSeconds = 3;
    private const int MostSeconds = 15;
    private static readonly TimeSpan EndingTime = TimeSpan.FromSeconds(30);

    public static async Task<LimitResult> MeasureAsync(OrderRows rows, BenchOptions options, CancellationToken cancellationToken)
    {
        var pgbench = OnPath.Find("pgbench") ?? throw new BenchException("There is no pgbench on the PATH to measure this machine's limit with: it comes with PostgreSQL (apt-get install postgresql-contrib).");
        var data = MallProcess.NewDataFolder();
        try
        {
            await using var postgres = await PostgresCluster.StartAsync(Path.Combine(data.FullName, "postgres"), cancellationToken);
            var server = new NpgsqlConnectionStringBuilder(await postgres.CreateDatabaseAsync("orders", cancellationToken));
            await using (var database = NpgsqlDataSource.Create(server.ConnectionString))
            {
#pragma warning disable CA2100 // Made from the mall's own tables.
                await using var command = database.CreateCommand(rows.Schema);
#pragma warning restore CA2100
                await command.ExecuteNonQueryAsync(cancellationToken);
            }

            var script = Path.Combine(data.FullName, "order.sql");
            await File.WriteAllTextAsync(script, rows.Insert, cancellationToken);
            await RunAsync(pgbench, server, script, options.Customers, WarmUpSeconds, first: 0, cancellationToken);
            var meter = new CpuMeter(() => ProcessUsage.OfTree(postgres.ProcessId!.Value));
            var (orders, perSecond) = await RunAsync(pgbench, server, script, options.Customers, Math.Min(options.Seconds, MostSeconds), first: 10_000_000, cancellationToken);
            var cpu = meter.Read();
            return new LimitResult(perSecond, rows.PerOrder, cpu.Total / orders, cpu.OthersCores);
        }
        finally
        {
            data.Delete(recursive: true);
        }
    }

    private static async Task<(long Orders, double PerSecond)> RunAsync(
        string pgbench, NpgsqlConnectionStringBuilder server, string script, int clients, int seconds, int first, CancellationToken cancellationToken)
    {
        string[] arguments =
        [
            "--no-vacuum", "--protocol=prepared", $"--client={clients}", $"--jobs={Math.Min(clients, Environment.ProcessorCount)}", $"--time={seconds}",
            $"--define=n={first}", $"--file={script}", $"--host={server.Host}", $"--port={server.Port}", $"--username={server.Username}", server.Database!,
        ];
        var start = new ProcessStartInfo(pgbench, arguments) { Environment = { ["PGPASSWORD"] = server.Password } };
        var run = await ProgramRun.RunAsync(start, TimeSpan.FromSeconds(seconds) + EndingTime, cancellationToken)
            ?? throw new BenchException("pgbench did not start, or did not end in time.");
        return Processed().Match(run.Output) is { Success: true } processed && PerSecond().Match(run.Output) is { Success: true } rate && run.ExitCode == 0
            ? (long.Parse(processed.Groups[1].ValueSpan, CultureInfo.InvariantCulture), double.Parse(rate.Groups[1].ValueSpan, CultureInfo.InvariantCulture))
            : throw new BenchException($"pgbench failed: {run.Output} {run.Errors}");
    }

    [GeneratedRegex("actually processed: ([0-9]+)")]
    private static partial Regex Processed();

    [GeneratedRegex("tps = ([0-9.]+)")]
    private static partial Regex PerSecond();
}
