using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using OrderMall.Contracts;
using OrderMall.ServiceDefaults;
using OrderMall.ServiceDefaults.Database;

namespace OrderMall.Saga.Tests.World;

/// <summary>A real service of the mall with a database that outlives it: it crashes and is started again as a case says.</summary>
internal abstract class WorldService(string appId) : IAsyncDisposable
{
    /// <summary>How often who looks for due work does so at least.</summary>
    internal static readonly TimeSpan LongestLookInterval = TimeSpan.FromSeconds(3);

    private string _connectionString = "";
    private string _forget = "";
    private int _dueWorkers;

    public string AppId => appId;

    /// <summary>The present life, or the last one; a life that is over may still have to be buried.</summary>
    public Life Life { get; private set; } = null!;

    public bool IsUp => !Life.IsOver;

    /// <summary>Whether somebody looks for due work when time passes.</summary>
    public bool HasDueWork => _dueWorkers > 0;

    /// <summary>Looks into the service's database past the service.</summary>
    public NpgsqlDataSource Database { get; private set; } = null!;

    public async Task OpenAsync(string connectionString, WorldClock clock, Network network)
    {
        // The server does not crash here: what is committed need not wait for the disk.
        _connectionString = $"{connectionString};Options=-c synchronous_commit=off";
        Database = NpgsqlDataSource.Create(_connectionString);
        await StartAsync(clock, network);
        await using var tables = Database.CreateCommand(
            "SELECT string_agg(format('DELETE FROM %I', table_name), '; ') FROM information_schema.tables WHERE table_schema = 'public' AND table_name <> 'schema_migration'");
        _forget = (string)(await tables.ExecuteScalarAsync())!;
    }

    /// <summary>Begins a new life.</summary>
    public async Task StartAsync(WorldClock clock, Network network)
    {
        var life = new Life(appId, new ServiceTime(clock));
        var app = Create(
        [
            "--urls", "http://127.0.0.1:0",
            "--DAPR_HTTP_PORT", network.HttpPort.ToString(System.Globalization.CultureInfo.InvariantCulture),
            "--DAPR_GRPC_PORT", network.GrpcPort.ToString(System.Globalization.CultureInfo.InvariantCulture),
            "--DAPR_API_TOKEN", life.Token,
            "--APP_API_TOKEN", Network.AppToken,
            $"--ConnectionStrings:{appId}", _connectionString,
            // Payments are the demo's; its offers would stand in the way.
            "--Mall:Demo", appId == AppIds.Catalog ? "false" : "true",
        ], life);
        life.App = app;
        await app.StartAsync();
        life.Address = new Uri(app.Urls.First());
        _dueWorkers = app.Services.GetServices<IHostedService>().Count(LooksForDueWork);
        await Eventually.TrueAsync(() => life.Time.Ringing(LongestLookInterval) >= _dueWorkers, $"{appId} looks for due work");
        Life = life;
    }

    /// <summary>Clears away what a crash left in this process.</summary>
    public async Task BuryAsync()
    {
        if (!Life.IsOver || Life.App is not { } app)
            return;
        Life.App = null;
        try
        {
            // Without draining: whoever still waits for an answer gets none.
            await app.StopAsync(new CancellationToken(canceled: true));
        }
        catch (Exception e) when (e is OperationCanceledException or AggregateException or CrashException)
        {
        }

        await app.DisposeAsync();
    }

    /// <summary>Whether everything that this life has committed was taken by the network; if not, makes it hurry.</summary>
    public async Task<bool> HasPublishedAsync()
    {
        if (!IsUp || !Life.HasWorked)
            return true;
        Life.HasWorked = false;
        await using var command = Database.CreateCommand("SELECT count(*) FROM outbox");
        if ((long)(await command.ExecuteScalarAsync())! == 0)
            return true;
        Life.HasWorked = true;
        if (Life.App is { } app)
            await WakePublisherAsync(app.Services);
        return false;
    }

    /// <summary>Empties the database.</summary>
    public async Task ForgetAsync()
    {
        await using var command = Database.CreateCommand(_forget);
        await command.ExecuteNonQueryAsync();
    }

    public async ValueTask DisposeAsync()
    {
        Life?.EndBefore(0);
        await BuryAsync();
        await Database.DisposeAsync();
    }

    protected abstract WebApplication Create(string[] args, Life life);

    protected abstract Task WakePublisherAsync(IServiceProvider services);

    private static bool LooksForDueWork(IHostedService service) =>
        service.GetType().BaseType is { IsGenericType: true } type && type.GetGenericTypeDefinition() == typeof(DueWork<>);
}

/// <inheritdoc/>
internal sealed class WorldService<TService, TDb>() : WorldService(TService.AppId)
    where TService : IMallService
    where TDb : MallDb
{
    protected override WebApplication Create(string[] args, Life life)
    {
        Mortal.Life = life;
        return ServiceHost.Create<Mortal>(args);
    }

    // What wakes the publisher is a save in a context that has saved events.
    protected override async Task WakePublisherAsync(IServiceProvider services)
    {
        await using var scope = services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<TDb>();
        db.HasSavedEvents = true;
        await db.SaveChangesAsync();
    }

    /// <summary>The service as it is, but on the world's time and mortal.</summary>
    private sealed class Mortal : IMallService
    {
        /// <summary>The life of the next instance.</summary>
        public static Life Life { get; set; } = null!;

        public static string AppId => TService.AppId;

        public static void Configure(WebApplicationBuilder builder)
        {
            var life = Life;
            TService.Configure(builder);
            // Crashes are many.
            builder.Logging.ClearProviders();
            builder.Services.AddSingleton<TimeProvider>(life.Time);
            builder.Services.ConfigureDbContext<TDb>(options => options.AddInterceptors(life));
        }

        public static void UseMiddleware(WebApplication app) => TService.UseMiddleware(app);

        public static void Map(WebApplication app) => TService.Map(app);
    }
}
