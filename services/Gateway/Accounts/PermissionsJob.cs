using System.Security.Claims;
using Microsoft.AspNetCore.Authentication.BearerToken;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;
using Npgsql;

namespace OrderMall.Gateway.Accounts;

/// <summary>
/// Applies a change of roles at once where it is made, and within seconds at every other replica, whatever older tokens say: the permissions that were changed
/// within a token's life are kept in memory, and read anew every few seconds. A request costs a look-up there and no query.
/// </summary>
internal sealed partial class PermissionsJob(
    NpgsqlDataSource database, IServiceScopeFactory scopes, EventStreams streams, IOptionsMonitor<BearerTokenOptions> tokens, TimeProvider time, ILogger<PermissionsJob> logger) : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(5);
    // Replicas' clocks differ, and a token may have been made of what was read just before.
    private static readonly TimeSpan Margin = TimeSpan.FromMinutes(5);

    private readonly SemaphoreSlim _one = new(1, 1);
    private volatile Dictionary<string, Permissions> _changed = [];

    /// <summary>Replaces what the token of a request says by what its person may do now.</summary>
    public void Use(WebApplication app) => app.Use((context, next) =>
    {
        if (context.User is { Identity: ClaimsIdentity { IsAuthenticated: true } person } && person.FindFirst(ClaimTypes.NameIdentifier) is { } id && _changed.TryGetValue(id.Value, out var permissions))
            permissions.Write(person);
        return next(context);
    });

    /// <summary>Reads what was changed, and ends the event streams of those who may do something else now.</summary>
    public async Task ReadAsync(CancellationToken cancellationToken)
    {
        await _one.WaitAsync(cancellationToken);
        try
        {
            var ids = await ChangedAsync(cancellationToken);
            await using var scope = scopes.CreateAsyncScope();
            var before = _changed;
            var now = ids.Count == 0 ? [] : await scope.ServiceProvider.GetRequiredService<GatewayDb>().PermissionsByAccountAsync(ids, cancellationToken);
            _changed = now;
            foreach (var (id, permissions) in now)
            {
                if (!before.TryGetValue(id, out var was) || !was.IsLike(permissions))
                    streams.End(id);
            }
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>Nothing is answered before it was read once.</summary>
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        await ReadAsync(cancellationToken);
        await base.StartAsync(cancellationToken);
    }

    public override void Dispose()
    {
        _one.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Every, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await ReadAsync(stoppingToken);
            }
            catch (Exception e) when (e is NpgsqlException or InvalidOperationException or TimeoutException || DatabaseFailure.IsTransient(e))
            {
                // Where this replica alone does not reach the database it is not ready, and is asked nothing.
                LogUnread(e.Message);
                DatabaseFailure.EvictPool(e, database);
            }
        }
    }

    private async Task<List<string>> ChangedAsync(CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("SELECT DISTINCT account_id FROM account_change WHERE at > $1");
        command.Parameters.Add(new() { Value = time.Now() - tokens.Get(IdentityConstants.BearerScheme).BearerTokenExpiration - Margin });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var ids = new List<string>();
        while (await reader.ReadAsync(cancellationToken))
            ids.Add(reader.GetString(0));
        return ids;
    }

    [LoggerMessage(LogLevel.Warning, "What was changed in roles cannot be read: {Reason}. What was read before counts until then")]
    private partial void LogUnread(string reason);
}
