using System.Diagnostics;
using Npgsql;

namespace OrderMall.ServiceDefaults.Database;

/// <summary>Tells a database that is away, or a connection to it that broke, from mistakes.</summary>
internal static class DatabaseFailure
{
    /// <summary>Whether it passes: the same may succeed when it is tried again.</summary>
    public static bool IsPassing(Exception? failure) => CauseOf(failure) is not null;

    /// <summary>What passes among what was thrown, since EF wraps what its connection throws; <see langword="null"/> if nothing does.</summary>
    public static Exception? CauseOf(Exception? failure)
    {
        while (failure is not (null or NpgsqlException { IsTransient: true }) && !IsStumble(failure))
            failure = failure.InnerException;
        return failure;
    }

    // Npgsql whose connection breaks at a bad moment uses what it has just disposed of.
    private static bool IsStumble(Exception failure) =>
        failure is NullReferenceException or ObjectDisposedException
        && new StackTrace(failure).GetFrames().Select(frame => frame.GetMethod()?.Module.Assembly).FirstOrDefault(assembly => assembly != typeof(object).Assembly) == typeof(NpgsqlConnection).Assembly;
}
