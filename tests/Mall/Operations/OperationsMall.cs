using System.Diagnostics;
using Npgsql;
using OrderMall.Mall.Tests.Opening;

namespace OrderMall.Mall.Tests.Operations;

/// <summary>A mall of its own, each service a process, whose databases and sidecar tests may spoil; events are given up after a second.</summary>
public sealed class OperationsMall : MallPeople, IAsyncLifetime
{
    private readonly MallFolder _data = new();
    private readonly MallFolder _components = new();
    private EmbeddedMall? _mall;

    public override Uri Address => _mall!.Address;

    public async Task InitializeAsync()
    {
        if (OpenMall.Address is not null)
            return;
        foreach (var file in Directory.EnumerateFiles(Components.Find(null), "*.yaml"))
            File.WriteAllText(Path.Combine(_components.Path, Path.GetFileName(file)), File.ReadAllText(file).Replace("maxRetries: 60", "maxRetries: 2", StringComparison.Ordinal));
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        _mall = await EmbeddedMall.OpenAsync(new MallOptions { Port = 0, DataDirectory = _data.Path, ComponentsPath = _components.Path, Isolated = true }, ct: limit.Token); // the sidecar whose queue can be reached
    }

    public async Task DisposeAsync()
    {
        if (_mall is not null)
            await _mall.DisposeAsync();
        _data.Dispose();
        _components.Dispose();
    }

    /// <summary>Runs a statement in a database.</summary>
    /// <returns>How many rows it changed.</returns>
    public async Task<int> ExecuteAsync(string appId, string sql, params object[] values)
    {
        await using var database = NpgsqlDataSource.Create(_mall!.ConnectionStrings[appId]);
        await using var command = database.CreateCommand(sql);
        foreach (var value in values)
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        return await command.ExecuteNonQueryAsync();
    }

    /// <summary>Waits until everything that a service has to say is with the sidecar.</summary>
    public Task HasPublishedAsync(string appId) => Eventually.Is(0L, async () =>
    {
        await using var database = NpgsqlDataSource.Create(_mall!.ConnectionStrings[appId]);
        await using var command = database.CreateCommand("SELECT count(*) FROM outbox");
        return (long)(await command.ExecuteScalarAsync())!;
    });

    /// <summary>The state store loses everything. The sidecar, which remembers some of it, is started anew.</summary>
    /// <param name="except">How the keys end that stay.</param>
    public async Task LoseStateAsync(string? except = null)
    {
        using var sidecar = Process.GetProcessById(_mall!.SidecarProcessId!.Value);
        sidecar.Kill();
        await sidecar.WaitForExitAsync();
        Assert.NotEqual(0, await ExecuteAsync("sidecar", "DELETE FROM state WHERE $1 = '' OR key NOT LIKE '%' || $1", except ?? ""));
    }

    /// <summary>
    /// The sidecar dies, and with it every event of some orders that waits for those who are away: as a broker would lose them.
    /// </summary>
    /// <returns>How many were lost.</returns>
    public async Task<int> LoseEventsAsync(params Guid[] orders)
    {
        using var sidecar = Process.GetProcessById(_mall!.SidecarProcessId!.Value);
        sidecar.Kill();
        await sidecar.WaitForExitAsync();
        return await ExecuteAsync(
            "sidecar", "DELETE FROM event_queue WHERE EXISTS (SELECT 1 FROM unnest($1) AS lost WHERE position(convert_to(lost, 'UTF8') in envelope) > 0)",
            (object)orders.Select(order => order.ToString()).ToArray());
    }
}
