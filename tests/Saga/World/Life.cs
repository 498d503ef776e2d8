using System.Data.Common;
using Microsoft.AspNetCore.Builder;
using Microsoft.EntityFrameworkCore.Diagnostics;

namespace OrderMall.Saga.Tests.World;

/// <summary>
/// One life of a service, from its start to its crash. It sees every statement that the service sends to its database, and
/// can end right before any of them: nothing is saved, sent or answered by this life from then on. It can also let one
/// wait while other things happen.
/// </summary>
internal sealed class Life(string appId, ServiceTime time) : DbCommandInterceptor, IDbTransactionInterceptor
{
    private readonly Lock _lock = new();
    private TaskCompletionSource _lookedInVain = New();
    private int? _statementsLeft;
    private int _statementsToDawdle;
    private Func<Task>? _dawdle;

    public string AppId => appId;

    public ServiceTime Time => time;

    /// <summary>What this life shows the network: calls that carry it are its own.</summary>
    public string Token { get; } = Guid.NewGuid().ToString();

    public WebApplication? App { get; set; }

    public Uri? Address { get; set; }

    public volatile bool IsOver;

    /// <summary>Whether it has used its database since somebody asked last.</summary>
    public volatile bool HasWorked = true;

    /// <summary>Ends when due work was looked for and none was left, or when the life does.</summary>
    public Task NothingDueAsync()
    {
        lock (_lock)
        {
            if (IsOver)
                return Task.CompletedTask;
            if (_lookedInVain.Task.IsCompleted)
                _lookedInVain = New();
            return _lookedInVain.Task;
        }
    }

    /// <summary>Ends this life before so many statements from now; at once with 0.</summary>
    public void EndBefore(int statements)
    {
        lock (_lock)
        {
            _statementsLeft = statements;
            if (statements == 0)
                End();
        }
    }

    /// <summary>Whatever sends the statement after so many from now waits with it; all else goes on.</summary>
    public void DawdleBefore(int statements, Func<Task> dawdle)
    {
        lock (_lock)
            (_statementsToDawdle, _dawdle) = (statements, dawdle);
    }

    /// <summary>Takes back what has not come about.</summary>
    public void Spare()
    {
        lock (_lock)
            (_statementsLeft, _dawdle) = (null, null);
    }

    public override async ValueTask<InterceptionResult<DbDataReader>> ReaderExecutingAsync(
        DbCommand command, CommandEventData eventData, InterceptionResult<DbDataReader> result, CancellationToken cancellationToken = default)
    {
        await StatementAsync();
        return result;
    }

    public override async ValueTask<InterceptionResult<int>> NonQueryExecutingAsync(
        DbCommand command, CommandEventData eventData, InterceptionResult<int> result, CancellationToken cancellationToken = default)
    {
        await StatementAsync();
        return result;
    }

    public override async ValueTask<InterceptionResult<object>> ScalarExecutingAsync(
        DbCommand command, CommandEventData eventData, InterceptionResult<object> result, CancellationToken cancellationToken = default)
    {
        await StatementAsync();
        return result;
    }

    public async ValueTask<InterceptionResult> TransactionCommittingAsync(
        DbTransaction transaction, TransactionEventData eventData, InterceptionResult result, CancellationToken cancellationToken = default)
    {
        await StatementAsync();
        return result;
    }

    public override ValueTask<DbDataReader> ReaderExecutedAsync(
        DbCommand command, CommandExecutedEventData eventData, DbDataReader result, CancellationToken cancellationToken = default)
    {
        // The claim of due work is the one statement that skips what others have locked.
        if (command.CommandText.Contains("SKIP LOCKED", StringComparison.Ordinal) && !result.HasRows)
        {
            lock (_lock)
                _lookedInVain.TrySetResult();
        }

        return ValueTask.FromResult(result);
    }

    private async Task StatementAsync()
    {
        var pause = Task.CompletedTask;
        lock (_lock)
        {
            HasWorked = true;
            if (_statementsLeft is { } left && (_statementsLeft = left - 1) < 0)
                End();
            if (IsOver)
                throw new CrashException(appId);
            if (_dawdle is { } dawdle && --_statementsToDawdle < 0)
            {
                pause = dawdle();
                _dawdle = null;
            }
        }

        await pause;
        if (IsOver)
            throw new CrashException(appId);
    }

    private void End()
    {
        IsOver = true;
        _lookedInVain.TrySetResult();
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}

/// <summary>What the rest of a crashed service meets instead of its database.</summary>
internal sealed class CrashException(string appId) : Exception($"{appId} has crashed.");
