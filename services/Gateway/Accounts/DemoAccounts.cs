using Microsoft.AspNetCore.Identity;
using Npgsql;

namespace OrderMall.Gateway;

/// <summary>Makes the demo's accounts where they are missing. Several replicas may do so at once.</summary>
internal sealed class DemoAccounts(IServiceScopeFactory scopes, TimeProvider time) : IHostedService
{
    /// <summary>Only where it is asked for: everybody knows the password.</summary>
    public static void AddIfWanted(WebApplicationBuilder builder)
    {
        if (builder.Environment.IsDevelopment() || builder.Configuration.GetValue<bool>("Mall:Demo"))
            builder.Services.AddHostedService<DemoAccounts>();
    }

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<GatewayDb>();
        var users = scope.ServiceProvider.GetRequiredService<UserManager<MallUser>>();
        var ids = Demo.Accounts.Select(account => account.Id).ToArray();
        var present = await db.Accounts.Where(user => ids.Contains(user.Id)).Select(user => user.Id).ToListAsync(cancellationToken);
        // One password, hashed once: hashing is what takes the time here.
        string? hash = null;
        foreach (var (name, id, role) in Demo.Accounts.Where(account => !present.Contains(account.Id)))
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

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
