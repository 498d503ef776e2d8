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

    public DbSet<Business> Businesses => Set<Business>();

    public DbSet<BusinessMember> BusinessMembers => Set<BusinessMember>();

    public DbSet<AccountChange> AccountChanges => Set<AccountChange>();

    public DbSet<RoleApplication> Applications => Set<RoleApplication>();

    public DbSet<DataProtectionKey> DataProtectionKeys => Set<DataProtectionKey>();

    /// <summary>Gives a new account its role, and tells those who write to people of it: both are saved together with the account.</summary>
    /// <param name="languages">Those that the person reads, as far as they are known (ISO 639-1), the best one first.</param>
    public void Open(MallUser user, string role, DateTimeOffset at, IReadOnlyList<string>? languages = null)
    {
        AccountRoles.Add(new IdentityUserRole<string> { UserId = user.Id, RoleId = role });
        if (Grants.IsSelling(role))
            Found(user.Id, user.Name, at);
        this.Publish(AccountEvent.Registered, new AccountEvent(user.Id, at, user.Email!, user.Name, languages));
    }

    /// <summary>Begins a business of one owner, whose account it is known by.</summary>
    public string Found(string accountId, string name, DateTimeOffset at)
    {
        Businesses.Add(new Business { Id = accountId, Name = name, CreatedAt = at });
        BusinessMembers.Add(new BusinessMember { BusinessId = accountId, AccountId = accountId, Role = BusinessRoles.Owner, InvitedAt = at, JoinedAt = at });
        return accountId;
    }

    /// <summary>What an account may do.</summary>
    public async Task<Permissions> PermissionsAsync(string accountId, CancellationToken cancellationToken) => (await PermissionsByAccountAsync([accountId], cancellationToken))[accountId];

    /// <summary>What some accounts may do, by id.</summary>
    public async Task<Dictionary<string, Permissions>> PermissionsByAccountAsync(IReadOnlyCollection<string> accountIds, CancellationToken cancellationToken)
    {
        var rows = await Accounts.Where(account => accountIds.Contains(account.Id)).Select(account => new
        {
            account.Id,
            Roles = AccountRoles.Where(role => role.UserId == account.Id).Select(role => role.RoleId).ToList(),
            Member = BusinessMembers.Where(member => member.AccountId == account.Id && member.JoinedAt != null).Select(member => new { member.BusinessId, member.Role }).FirstOrDefault(),
        }).ToListAsync(cancellationToken);
        return rows.ToDictionary(row => row.Id, row => new Permissions([.. Roles.All.Where(row.Roles.Contains)], row.Member?.BusinessId, row.Member?.Role));
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
        modelBuilder.Entity<Business>().ToTable("business").HasKey(business => business.Id);
        modelBuilder.Entity<BusinessMember>(member =>
        {
            member.ToTable("business_member").HasKey(m => new { m.BusinessId, m.AccountId });
            member.HasOne<Business>().WithMany().HasForeignKey(m => m.BusinessId);
            member.HasOne<MallUser>().WithMany().HasForeignKey(m => m.AccountId);
        });
        modelBuilder.Entity<AccountChange>().ToTable("account_change").HasKey(change => change.Id);
        modelBuilder.Entity<RoleApplication>(application =>
        {
            application.ToTable("role_application").HasKey(a => a.Id);
            application.Property(a => a.Status).HasConversion<string>();
            application.HasOne<MallUser>().WithMany().HasForeignKey(a => a.AccountId);
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
