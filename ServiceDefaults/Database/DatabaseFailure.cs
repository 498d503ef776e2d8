using System.Diagnostics;
using Npgsql;

namespace OrderMall.ServiceDefaults.Database;

/// <summary>Tells a database that is unreachable, or a connection to it that broke, from mistakes.</summary>
public static class DatabaseFailure
{
    /// <summary>Whether it is transient: a retry may succeed.</summary>
    public static bool IsTransient(Exception? failure) => CauseOf(failure) is not null;

    /// <summary>The transient cause of what was thrown, since EF wraps what its connection throws; <see langword="null"/> if there is none.</summary>
    public static Exception? CauseOf(Exception? failure)
    {
        while (failure is not (null or NpgsqlException { IsTransient: true } or PostgresException { SqlState: PostgresErrorCodes.QueryCanceled }) && !IsCorrupted(failure))
            failure = failure.InnerException;
        return failure;
    }

    /// <summary>
    /// Evicts the pool of a connection that broke: the failure does not say which connection it was, and the others to the same unreachable
    /// server would each fail a request before the pool notices.
    /// </summary>
    /// <param name="database">Whose connections those are; <see langword="null"/> where there is none.</param>
    public static void EvictPool(Exception failure, NpgsqlDataSource? database)
    {
        if (CauseOf(failure) is { } cause && (IsCorrupted(cause) || IsBroken(cause)))
            database?.Clear();
    }

    /// <summary>Evicts the pools of a service whose connection broke, whichever of them it was of.</summary>
    public static void EvictPools(Exception failure, IServiceProvider services)
    {
        EvictPool(failure, services.GetService<NpgsqlDataSource>());
        EvictPool(failure, services.GetKeyedService<NpgsqlDataSource>(DatabaseSetup.PublicReads));
    }

    private static bool IsBroken(Exception failure) =>
        failure is PostgresException { SqlState: PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown } or NpgsqlException { InnerException: IOException };

    // Npgsql whose connection breaks at a bad moment uses what it has just disposed of, or goes on in the middle of an answer, or forgets
    // which statements the server has prepared. It puts such a connection back into the pool.
    private static bool IsCorrupted(Exception failure) =>
        failure is PostgresException { SqlState: PostgresErrorCodes.DuplicatePreparedStatement or PostgresErrorCodes.InvalidSqlStatementName }
        || (failure is NullReferenceException or ObjectDisposedException || failure.GetType() == typeof(Exception)) && IsThrownByNpgsql(failure);

    private static bool IsThrownByNpgsql(Exception failure) =>
        new StackTrace(failure).GetFrames().Select(frame => frame.GetMethod()?.Module.Assembly)
            .FirstOrDefault(assembly => assembly != typeof(object).Assembly) == typeof(NpgsqlConnection).Assembly;
}
