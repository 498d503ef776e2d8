using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore.Storage;

namespace OrderMall.Gateway.Accounts;

/// <summary>
/// Gives roles and takes them, with a line in the trail for each person concerned. What sells, <c>merchant</c> and <c>publisher</c>, a business has: all who
/// belong to it have it together. There is always an operator, and in each business its founder.
/// </summary>
internal sealed class Grants(GatewayDb db, DemoAccounts demo, PermissionsJob permissionsJob, TimeProvider time)
{
    // Any number that only this lock uses.
    private const long LockKey = 0x526F6C65;
    private static readonly string[] Selling = [Roles.Merchant, Roles.Publisher];

    /// <summary>Whether a role is one that a business has.</summary>
    public static bool IsSelling(string role) => Selling.Contains(role);

    /// <summary>Begins a change: one at a time in the whole mall, so that two operators cannot take the role from each other.</summary>
    public async Task<IDbContextTransaction> BeginAsync(CancellationToken cancellationToken)
    {
        var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        await db.Database.ExecuteSqlAsync($"SELECT pg_advisory_xact_lock({LockKey})", cancellationToken);
        return transaction;
    }

    /// <summary>Commits a change; it holds here when this is done.</summary>
    public async Task CommitAsync(IDbContextTransaction transaction, CancellationToken cancellationToken)
    {
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        await permissionsJob.ReadAsync(cancellationToken);
    }

    /// <summary>Gives an account these roles and no others.</summary>
    /// <param name="by">The account that does it, or <see cref="AccountChange.ByConfiguration"/>.</param>
    /// <param name="businessName">What its business is called if it needs one; else as the person is.</param>
    /// <param name="isTold">Whether the person is told of it in this way.</param>
    /// <returns>Why not, or <see langword="null"/>.</returns>
    public async Task<ProblemHttpResult?> SetRolesAsync(
        MallUser account, IReadOnlyCollection<string> roles, string by, string? reason, string? businessName, CancellationToken cancellationToken, bool isTold = true)
    {
        var was = await db.PermissionsAsync(account.Id, cancellationToken);
        var now = was with { Roles = [.. Roles.All.Where(roles.Contains)] };
        if (was.IsLike(now))
            return null;
        if (was.Roles.Contains(Roles.Operator) && !now.Roles.Contains(Roles.Operator) && !await HasOperatorAsync(besides: account.Id, cancellationToken))
            return Problems.Conflict("last-operator", "Nobody else is an operator. Make somebody else one first.");
        var selling = now.Roles.Where(IsSelling).ToArray();
        if (!selling.SequenceEqual(was.Roles.Where(IsSelling)))
        {
            if (was.BusinessRole == BusinessRoles.Staff)
                return Problems.Conflict("business-role", $"{string.Join(" and ", Selling)} are roles of the business {was.BusinessId}, where the person is staff: change them for an owner of it, or have an owner remove the person.");
            if (was.BusinessId is null)
                now = now with { BusinessId = db.Found(account.Id, businessName ?? account.Name, time.Now()), BusinessRole = BusinessRoles.Owner };
            else
                await SetBusinessAsync(was.BusinessId, was, selling, besides: account.Id, by, reason, cancellationToken);
        }

        Change(account.Id, was, now, "roles", by, reason);
        if (isTold)
            Tell(account, was, now);
        return null;
    }

    /// <summary>Writes down what somebody may do from now on.</summary>
    public void Change(string accountId, Permissions was, Permissions now, string what, string by, string? reason = null)
    {
        db.AccountRoles.RemoveRange(was.Roles.Except(now.Roles).Select(role => new IdentityUserRole<string> { UserId = accountId, RoleId = role }));
        db.AccountRoles.AddRange(now.Roles.Except(was.Roles).Select(role => new IdentityUserRole<string> { UserId = accountId, RoleId = role }));
        db.AccountChanges.Add(new AccountChange
        {
            Id = Guid.CreateVersion7(time.Now()),
            AccountId = accountId,
            At = time.Now(),
            ChangedBy = by,
            What = what,
            RolesBefore = [.. was.Roles],
            RolesAfter = [.. now.Roles],
            BusinessBefore = Text(was),
            BusinessAfter = Text(now),
            Reason = reason,
        });
    }

    /// <summary>Whether there is an operator who can sign in.</summary>
    public async Task<bool> HasOperatorAsync(string? besides, CancellationToken cancellationToken) =>
        (await db.AccountRoles.Where(role => role.RoleId == Roles.Operator && role.UserId != besides).Select(role => role.UserId).ToListAsync(cancellationToken))
            .Exists(id => !demo.IsLocked(id));

    private async Task SetBusinessAsync(
        string businessId, Permissions owner, IReadOnlyList<string> selling, string besides, string by, string? reason, CancellationToken cancellationToken)
    {
        var business = await db.Businesses.FirstAsync(business => business.Id == businessId, cancellationToken);
        var at = time.Now();
        if (owner.Roles.Contains(Roles.Merchant) != selling.Contains(Roles.Merchant))
            business.MerchantSince = at;
        if (owner.Roles.Contains(Roles.Publisher) != selling.Contains(Roles.Publisher))
            business.PublisherSince = at;
        business.Version++;
        db.Publish(BusinessEvent.RightsChanged, new BusinessEvent(
            businessId,
            business.Version,
            at,
            new SellingRight(selling.Contains(Roles.Merchant), business.MerchantSince),
            new SellingRight(selling.Contains(Roles.Publisher), business.PublisherSince)));
        var others = await db.BusinessMembers.Where(member => member.BusinessId == businessId && member.JoinedAt != null && member.AccountId != besides)
            .Select(member => member.AccountId).ToListAsync(cancellationToken);
        var accounts = await db.Accounts.AsNoTracking().Where(account => others.Contains(account.Id)).ToDictionaryAsync(account => account.Id, cancellationToken);
        foreach (var (id, was) in await db.PermissionsByAccountAsync(others, cancellationToken))
        {
            var now = was with { Roles = [.. Roles.All.Where(role => IsSelling(role) ? selling.Contains(role) : was.Roles.Contains(role))] };
            Change(id, was, now, "roles", by, reason);
            Tell(accounts[id], was, now);
        }
    }

    private void Tell(MallUser account, Permissions was, Permissions now) =>
        db.Publish(AccountEvent.RolesChanged, new AccountEvent(account.Id, time.Now(), account.Email!, account.Name, Given: [.. now.Roles.Except(was.Roles)], Taken: [.. was.Roles.Except(now.Roles)]));

    private static string? Text(Permissions permissions) => permissions.BusinessId is null ? null : $"{permissions.BusinessRole} of {permissions.BusinessId}";
}
