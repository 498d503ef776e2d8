using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace OrderMall.ServiceDefaults.Database;

/// <summary>
/// Takes up rows whose <c>due_at</c> has passed: what a crash or an unreachable service left open. A row is claimed by pushing
/// <c>due_at</c> into the future, with rows skipped that another replica is claiming, so that nothing is taken up twice at
/// once; a claim that a crash leaves behind is a lease, and expires.
/// </summary>
/// <param name="scopes">Each row gets a scope of its own.</param>
/// <param name="rows">Which rows.</param>
/// <typeparam name="TDb">The context that the rows are in.</typeparam>
public abstract partial class DueWork<TDb>(DueRows rows, IServiceScopeFactory scopes, TimeProvider time, ILogger logger) : BackgroundService
    where TDb : MallDb
{
    // All at once: a claim must not run out while its row waits for its turn.
    private const int BatchSize = 8;
    private const int Attempts = 5;
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(1);
    // While nothing was due or committed here for a while: what another replica left is found, and what fell due meanwhile.
    private static readonly TimeSpan IdleLookInterval = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan IdleAfter = TimeSpan.FromSeconds(30);

    /// <summary>Takes up one row.</summary>
    /// <returns>When it is done. An exception leaves the row to a later time.</returns>
    protected abstract Task ResumeAsync(IServiceProvider services, Guid id, CancellationToken cancellationToken);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var commits = scope.ServiceProvider.GetRequiredService<CommitSignal>();
        using var timer = new PeriodicTimer(LookInterval, time);
        var (gate, lastWork, ended) = (new Lock(), time.GetTimestamp(), false);
        commits.Committed += Quicken;
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                if (await LookAsync(stoppingToken))
                    Quicken();
                else
                    Slow();
            }
        }
        finally
        {
            commits.Committed -= Quicken;
            lock (gate)
                ended = true;
        }

        void Quicken()
        {
            lock (gate)
            {
                lastWork = time.GetTimestamp();
                // Setting it begins a period anew.
                if (!ended && timer.Period != LookInterval)
                    timer.Period = LookInterval;
            }
        }

        void Slow()
        {
            lock (gate)
            {
                if (timer.Period != IdleLookInterval && time.GetElapsedTime(lastWork) > IdleAfter)
                    timer.Period = IdleLookInterval;
            }
        }
    }

    // Whether anything was due.
    private async Task<bool> LookAsync(CancellationToken stoppingToken)
    {
        var found = false;
        try
        {
            for (; await ClaimAsync(stoppingToken) is { Count: > 0 } claimed; found = true)
                await Parallel.ForEachAsync(claimed, new ParallelOptions { MaxDegreeOfParallelism = BatchSize, CancellationToken = stoppingToken }, ResumeAsync);
        }
        catch (Exception e) when (IsTransient(e))
        {
            LogWaiting(logger, e.Message);
            using var scope = scopes.CreateScope();
            DatabaseFailure.EvictPools(e, scope.ServiceProvider);
        }

        return found;
    }

    private async Task<List<Guid>> ClaimAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<TDb>();
        return await db.RowsAsync(rows.Claim(time.Now(), BatchSize), row => row.GetGuid(0), cancellationToken);
    }

    private async ValueTask ResumeAsync(Guid id, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            await using var scope = scopes.CreateAsyncScope();
            try
            {
                await ResumeAsync(scope.ServiceProvider, id, cancellationToken);
                return;
            }
            catch (DbUpdateConcurrencyException) when (attempt < Attempts)
            {
                // Somebody changed it in this moment, perhaps without bringing it to an end: see what it needs now.
            }
            catch (Exception e) when (IsTransient(e))
            {
                LogLater(logger, id, e.Message);
                DatabaseFailure.EvictPools(e, scope.ServiceProvider);
                return;
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
            {
                // What nobody foresaw of one row stops neither the others nor the service.
                LogUnforeseen(logger, e, id);
                DatabaseFailure.EvictPools(e, scope.ServiceProvider);
                return;
            }
        }
    }

    // EF wraps what its connection throws.
    private static bool IsTransient(Exception? e) =>
        e is not null && (e is NpgsqlException or TimeoutException or DbUpdateException || DatabaseFailure.IsTransient(e) || IsTransient(e.InnerException));

    [LoggerMessage(LogLevel.Warning, "Cannot look for due work: {Reason}")]
    private static partial void LogWaiting(ILogger logger, string reason);

    [LoggerMessage(LogLevel.Warning, "{Id} is taken up again later: {Reason}")]
    private static partial void LogLater(ILogger logger, Guid id, string reason);

    [LoggerMessage(LogLevel.Error, "{Id} cannot be brought to an end, and is taken up again later")]
    private static partial void LogUnforeseen(ILogger logger, Exception failure, Guid id);
}
