using Microsoft.AspNetCore.DataProtection.EntityFrameworkCore;
using Microsoft.AspNetCore.Identity;

namespace OrderMall.Gateway;

/// <summary>
/// Accounts, their roles and where they are signed in, and the keys of their tokens. Maps as much of ASP.NET Core Identity as the gateway uses:
/// it signs people in by password, and has no external logins, second factors or lockout.
/// </summary>
internal sealed class GatewayDb(DbContextOptions<GatewayDb> options) : MallDb(options), IDataProtectionKeyContext
{
    public DbSet<MallUser> Accounts => Set<MallUser>();

    public DbSet<IdentityUserRole<string>> AccountRoles => Set<IdentityUserRole<string>>();

    public DbSet<Session> Sessions => Set<Session>();

    public DbSet<DataProtectionKey> DataProtectionKeys => Set<DataProtectionKey>();

    /// <summary>Gives a new account its role, and tells those who write to people of it: both are saved together with the account.</summary>
    public void Open(MallUser user, string role, DateTimeOffset at)
    {
        AccountRoles.Add(new IdentityUserRole<string> { UserId = user.Id, RoleId = role });
        this.Publish(AccountEvent.Registered, new AccountEvent(user.Id, at, user.Email!, user.Name));
    }

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        base.OnModelCreating(modelBuilder);
        modelBuilder.Entity<MallUser>(account =>
        {
            account.ToTable("account");
            account.Property(user => user.UserName).IsRequired();
            account.Property(user => user.NormalizedUserName).IsRequired();
            account.Property(user => user.Email).IsRequired();
            account.Property(user => user.NormalizedEmail).IsRequired();
            account.Property(user => user.PasswordHash).IsRequired();
            account.Property(user => user.SecurityStamp).IsRequired();
            account.Property(user => user.ConcurrencyStamp).IsRequired().IsConcurrencyToken();
            account.HasIndex(user => user.NormalizedEmail).IsUnique();
            account.HasIndex(user => user.NormalizedUserName).IsUnique();
            account.Ignore(user => user.PhoneNumber).Ignore(user => user.PhoneNumberConfirmed).Ignore(user => user.TwoFactorEnabled);
            account.Ignore(user => user.LockoutEnabled).Ignore(user => user.LockoutEnd).Ignore(user => user.AccessFailedCount);
        });
        modelBuilder.Entity<IdentityRole>(role =>
        {
            role.ToTable("role");
            role.Property(r => r.Name).IsRequired();
            role.Property(r => r.NormalizedName).IsRequired();
            role.Property(r => r.ConcurrencyStamp).IsRequired().IsConcurrencyToken();
            role.HasIndex(r => r.NormalizedName).IsUnique();
        });
        modelBuilder.Entity<IdentityUserRole<string>>(membership =>
        {
            membership.ToTable("account_role").HasKey(m => new { m.UserId, m.RoleId });
            membership.HasOne<MallUser>().WithMany().HasForeignKey(m => m.UserId);
            membership.HasOne<IdentityRole>().WithMany().HasForeignKey(m => m.RoleId);
        });
        modelBuilder.Entity<Session>(session =>
        {
            session.ToTable("session").HasKey(s => s.Id);
            session.HasOne<MallUser>().WithMany().HasForeignKey(s => s.AccountId);
            session.HasIndex(s => new { s.AccountId, s.ExpiresAt });
        });
        modelBuilder.Entity<DataProtectionKey>(key =>
        {
            key.ToTable("protection_key").HasKey(k => k.FriendlyName);
            key.Property(k => k.FriendlyName).HasColumnName("name");
            key.Property(k => k.Xml).IsRequired();
            key.Ignore(k => k.Id);
        });
    }
}

/// <summary>A person's account.</summary>
internal sealed class MallUser : IdentityUser
{
    /// <summary>What the person wants to be called.</summary>
    public required string Name { get; set; }
}
