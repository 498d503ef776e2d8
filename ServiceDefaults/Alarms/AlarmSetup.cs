using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Npgsql;
using OrderMall.ServiceDefaults.Database;

namespace OrderMall.ServiceDefaults.Alarms;

/// <summary>Gives a service alarms.</summary>
public static class AlarmSetup
{
    /// <summary>After how many failed attempts, with back-off, an operator is paged: some five minutes.</summary>
    public const int AttemptsBeforeAlarm = 60;

    /// <summary>Adds an alarm whose value is how many rows there are, of a thousand at most: nobody needs to know better.</summary>
    /// <param name="builder">The service under construction; it has a database.</param>
    /// <param name="rows">A constant: a table and, after <c>WHERE</c>, which of its rows, by an index.</param>
    public static void AddCountAlarm(this WebApplicationBuilder builder, Alarm alarm, string rows) =>
        builder.AddAlarm(alarm, $"SELECT count(*) FROM (SELECT 1 FROM {rows} LIMIT 1000) AS few");

    /// <summary>Adds an alarm whose value is one statement's.</summary>
    /// <param name="builder">The service under construction; it has a database.</param>
    /// <param name="sql">A constant: selects one number, by an index, however many rows there are.</param>
    public static void AddAlarm(this WebApplicationBuilder builder, Alarm alarm, string sql) => builder.AddAlarm(alarm, async (services, cancellationToken) =>
    {
        var database = services.GetRequiredKeyedService<NpgsqlDataSource>(DatabaseSetup.ProbeKey);
        try
        {
#pragma warning disable CA2100 // The statements are the services' constants.
            await using var command = database.CreateCommand(sql);
#pragma warning restore CA2100
            return Convert.ToDouble(await command.ExecuteScalarAsync(cancellationToken), System.Globalization.CultureInfo.InvariantCulture);
        }
        catch (Exception e)
        {
            DatabaseFailure.EvictPool(e, database);
            throw;
        }
    });

    /// <summary>Adds an alarm.</summary>
    /// <param name="measure">Finds its value, at little cost; is given two seconds.</param>
    public static void AddAlarm(this WebApplicationBuilder builder, Alarm alarm, Func<IServiceProvider, CancellationToken, Task<double>> measure)
    {
        builder.Services.AddSingleton(new Measured(alarm, measure));
        builder.Services.TryAddSingleton(static services => new AlarmMeter(
            services,
            services.GetServices<Measured>(),
            services.GetRequiredService<IMeterFactory>(),
            services.GetRequiredService<IHostApplicationLifetime>(),
            services.GetRequiredService<TimeProvider>(),
            services.GetRequiredService<ILogger<AlarmMeter>>()));
    }
}
