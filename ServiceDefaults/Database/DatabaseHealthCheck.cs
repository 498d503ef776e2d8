using Microsoft.Extensions.Diagnostics.HealthChecks;
using Npgsql;

namespace OrderMall.ServiceDefaults.Database;

/// <summary>
/// Whether the database answers. Sidecars ask every second and strangers may ask as often as they like: all who ask within some seconds
/// share one query, and only one is in flight.
/// </summary>
internal sealed class DatabaseHealthCheck(NpgsqlDataSource database, TimeProvider time) : IHealthCheck, IDisposable
{
    private static readonly TimeSpan GoodFor = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan BadFor = TimeSpan.FromSeconds(0.5);

    private readonly SemaphoreSlim _query = new(1);
    private HealthCheckResult _last;
    // Monotonic: a wall clock that is set back must not keep an answer.
    private long? _askedAt;

    /// <inheritdoc/>
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        await _query.WaitAsync(cancellationToken);
        try
        {
            if (_askedAt is { } at && time.GetElapsedTime(at) < (_last.Status == HealthStatus.Healthy ? GoodFor : BadFor))
                return _last;
            _last = await QueryAsync(cancellationToken);
            _askedAt = time.GetTimestamp();
            return _last;
        }
        finally
        {
            _query.Release();
        }
    }

    private async Task<HealthCheckResult> QueryAsync(CancellationToken cancellationToken)
    {
        try
        {
            await using var command = database.CreateCommand("SELECT 1");
            await command.ExecuteScalarAsync(cancellationToken);
            return HealthCheckResult.Healthy();
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            DatabaseFailure.EvictPool(e, database);
            return HealthCheckResult.Unhealthy("The database does not answer.", e);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _query.Dispose();
}
