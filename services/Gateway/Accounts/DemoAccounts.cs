using System.Security.Claims;
using Microsoft.AspNetCore.Identity;
using Npgsql;

namespace OrderMall.Gateway.Accounts;

/// <summary>
/// The demo's accounts, whose password everybody knows. Where there is a demo they are made if they are missing, by several replicas at once perhaps;
/// where there is none, those of an earlier demo are locked: nobody signs in, stays signed in or is known by a token as one of them.
/// </summary>
internal sealed partial class DemoAccounts(IServiceScopeFactory scopes, IConfiguration configuration, IHostEnvironment environment, TimeProvider time, ILogger<DemoAccounts> logger) : IHostedService
{
    private static readonly HashSet<string> Ids = [.. Demo.Accounts.Select(account => account.Id)];

    private readonly bool _isDemo = Demo.IsOn(configuration, environment);

    public static void Add(IServiceCollection services)
    {
        services.AddSingleton<DemoAccounts>();
        services.AddHostedService(provider => provider.GetRequiredService<DemoAccounts>());
    }

    /// <summary>Whether an account may not be used: it is the demo's, and there is none.</summary>
    public bool IsLocked(string accountId) => !_isDemo && Ids.Contains(accountId);

    /// <summary>Knows nobody as one of them where they are locked, whatever token comes.</summary>
    public void Use(WebApplication app) => app.Use((context, next) =>
    {
        if (context.User.FindFirstValue(ClaimTypes.NameIdentifier) is { } id && IsLocked(id))
            context.User = new ClaimsPrincipal(new ClaimsIdentity());
        return next(context);
    });

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<GatewayDb>();
        var present = await db.Accounts.Where(user => Ids.Contains(user.Id)).Select(user => user.Id).ToListAsync(cancellationToken);
        if (_isDemo)
        {
            await MakeAsync(Demo.Accounts.Where(account => !present.Contains(account.Id)), db, scope.ServiceProvider.GetRequiredService<UserManager<MallUser>>(), cancellationToken);
        }
        else if (present.Count > 0)
        {
            var sessions = await scope.ServiceProvider.GetRequiredService<Sessions>().EndAllAsync(present, cancellationToken);
            LogLocked(present.Count, sessions);
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private async Task MakeAsync(IEnumerable<(string Name, string Id, string Role)> missing, GatewayDb db, UserManager<MallUser> users, CancellationToken cancellationToken)
    {
        // One password, hashed once: hashing is what takes the time here.
        string? hash = null;
        foreach (var (name, id, role) in missing)
        {
            var email = $"{name}@mall.test";
            var user = new MallUser
            {
                Id = id,
                Name = char.ToUpperInvariant(name[0]) + name[1..],
                UserName = email,
                NormalizedUserName = users.NormalizeName(email),
                Email = email,
                NormalizedEmail = users.NormalizeEmail(email),
                SecurityStamp = Guid.NewGuid().ToString(),
            };
            user.PasswordHash = hash ??= users.PasswordHasher.HashPassword(user, Demo.Password);
            db.Accounts.Add(user);
            db.Open(user, role, time.Now());
            try
            {
                await db.SaveChangesAsync(cancellationToken);
            }
            catch (DbUpdateException e) when (e.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation })
            {
                // Another replica was faster.
            }

            db.ChangeTracker.Clear();
        }
    }

    [LoggerMessage(LogLevel.Warning, "There is no demo, and the database has {Accounts} accounts of one, whose password is public: they are locked, and {Sessions} sessions of theirs have ended")]
    private partial void LogLocked(int accounts, int sessions);
}
