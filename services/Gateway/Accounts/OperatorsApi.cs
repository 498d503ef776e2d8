using System.Security.Claims;
using System.Text.Json.Serialization;
using FluentValidation;

namespace OrderMall.Gateway.Accounts;

/// <summary>An account as operators see it.</summary>
/// <param name="Business">The business that the person belongs to, if there is one.</param>
internal sealed record AccountView(string Id, string Email, string Name, IReadOnlyList<string> Roles, BusinessOfAccount? Business);

/// <summary>The business that a person belongs to.</summary>
/// <param name="Id">As offers and orders name their merchant.</param>
/// <param name="Role">What the person is there: <c>owner</c> or <c>staff</c>.</param>
internal sealed record BusinessOfAccount(string Id, string Name, string Role);

/// <summary>The roles that an account is to have, and no others.</summary>
/// <param name="Reason">For the trail.</param>
/// <param name="From">The roles that the account was seen with, where nothing is to be done if it has others by now.</param>
internal sealed record NewRoles(IReadOnlyList<string>? Roles, [property: JsonConverter(typeof(StorableTextConverter))] string? Reason, IReadOnlyList<string>? From = null);

internal sealed class NewRolesValidator : AbstractValidator<NewRoles>
{
    internal const int LongestReason = 500;

    public NewRolesValidator()
    {
        RuleFor(change => change.Roles).Cascade(CascadeMode.Stop).NotNull()
            .Must(roles => roles!.All(role => role is not null && OrderMall.Contracts.Roles.All.Contains(role)))
            .WithMessage($"Must be a list of {string.Join(", ", OrderMall.Contracts.Roles.All)}.");
        RuleFor(change => change.Reason).MaximumLength(LongestReason).OneLine();
    }
}

/// <summary>Who may sell, carry, review, publish and operate, and who said so.</summary>
internal static class OperatorsApi
{
    private const int LongestQuery = 100;

    public static void Map(WebApplication app)
    {
        var accounts = app.MapGroup("/api/ops/accounts").WithTags("Operation").RequireRole(Roles.Operator);
        accounts.MapGet("/", ListAsync).WithName("ListAccounts").WithSummary("Accounts by address: all, those with a role, or those whose address or name contains a text.");
        accounts.MapGet("/changes", ChangesAsync).WithName("ListAccountChanges").WithSummary("What was given to whom and taken from whom, by whom and when, newest first; of one account with ?accountId=.");
        accounts.MapGet("/{id}", GetAsync).WithName("GetAccount").WithSummary("An account.");
        accounts.MapPut("/{id}/roles", SetRolesAsync).WithValidation<NewRoles>().WithName("SetRoles")
            .WithSummary("Gives an account these roles and no others, within a minute everywhere. merchant and publisher count for everybody in the person's business.")
            .ProducesProblem(StatusCodes.Status409Conflict);
    }

    private static async Task<Results<Ok<Page<AccountView>>, ValidationProblem>> ListAsync(
        string? q, string? role, int? limit, string? after, GatewayDb db, CancellationToken cancellationToken)
    {
        if (role is not null && !Roles.All.Contains(role))
            return Problems.Invalid("role", $"Must be one of {string.Join(", ", Roles.All)}.");
        if (q is not null && (q.Length > LongestQuery || q.Any(char.IsControl)))
            return Problems.Invalid("q", $"Must be at most {LongestQuery} characters without control characters.");
        if (limit is < 1 or > PageRequest.MostItems)
            return Problems.Invalid("limit", $"Must be a whole number from 1 to {PageRequest.MostItems}.");
        var accounts = db.Accounts.AsNoTracking();
        if (TextRules.Clean(q) is { Length: > 0 } text)
            accounts = accounts.Where(account => EF.Functions.ILike(account.Email!, Containing(text), "\\") || EF.Functions.ILike(account.Name, Containing(text), "\\"));
        if (role is not null)
            accounts = accounts.Where(account => db.AccountRoles.Any(given => given.UserId == account.Id && given.RoleId == role));
        if (!string.IsNullOrEmpty(after))
        {
            if (after.Any(char.IsControl) || await db.Accounts.Where(account => account.Id == after).Select(account => account.NormalizedEmail).FirstOrDefaultAsync(cancellationToken) is not { } last)
                return Problems.Invalid("after", "Must be the 'next' of a page that this list gave.");
            accounts = accounts.Where(account => string.Compare(account.NormalizedEmail, last) > 0);
        }

        var most = limit ?? PageRequest.DefaultLimit;
        var page = await accounts.OrderBy(account => account.NormalizedEmail).Take(most + 1).ToListAsync(cancellationToken);
        var views = await ViewsAsync([.. page.Take(most)], db, cancellationToken);
        return TypedResults.Ok(new Page<AccountView>(views, page.Count > most ? views[^1].Id : null));
    }

    private static async Task<Results<Ok<AccountView>, ProblemHttpResult>> GetAsync(string id, GatewayDb db, CancellationToken cancellationToken) =>
        await db.Accounts.AsNoTracking().FirstOrDefaultAsync(account => account.Id == id, cancellationToken) is { } account
            ? TypedResults.Ok((await ViewsAsync([account], db, cancellationToken))[0])
            : Problems.NotFound("account");

    private static async Task<Results<Ok<AccountView>, ProblemHttpResult>> SetRolesAsync(
        string id, NewRoles change, ClaimsPrincipal user, GatewayDb db, Grants grants, CancellationToken cancellationToken)
    {
        await using var transaction = await grants.BeginAsync(cancellationToken);
        if (await db.Accounts.AsNoTracking().FirstOrDefaultAsync(account => account.Id == id, cancellationToken) is not { } account)
            return Problems.NotFound("account");
        if (change.From is { } from && !(await db.PermissionsAsync(id, cancellationToken)).Roles.ToHashSet().SetEquals(from))
            return Problems.Conflict("roles-changed", "Somebody has changed the roles of this account meanwhile. Nothing was changed: look at it again.");
        if (await grants.SetRolesAsync(account, [.. change.Roles!], user.Id(), change.Reason, businessName: null, cancellationToken) is { } refusal)
            return refusal;
        await grants.CommitAsync(transaction, cancellationToken);
        return TypedResults.Ok((await ViewsAsync([account], db, cancellationToken))[0]);
    }

    private static async Task<Results<Ok<Page<AccountChange>>, ValidationProblem>> ChangesAsync(
        string? accountId, PageRequest page, GatewayDb db, CancellationToken cancellationToken)
    {
        if (accountId?.Any(char.IsControl) == true)
            return Problems.Invalid("accountId", "Must be the id of an account.");
        var changes = db.AccountChanges.AsNoTracking();
        if (accountId is not null)
            changes = changes.Where(change => change.AccountId == accountId);
        if (page.After is { } after)
            changes = changes.Where(change => change.Id < after);
        return TypedResults.Ok(page.ToPage(await changes.OrderByDescending(change => change.Id).Take(page.Limit + 1).ToListAsync(cancellationToken), change => change.Id));
    }

    private static async Task<List<AccountView>> ViewsAsync(IReadOnlyList<MallUser> accounts, GatewayDb db, CancellationToken cancellationToken)
    {
        var permissions = await db.PermissionsByAccountAsync([.. accounts.Select(account => account.Id)], cancellationToken);
        var ids = permissions.Values.Select(each => each.BusinessId).Distinct().ToList();
        var names = await db.Businesses.Where(business => ids.Contains(business.Id)).ToDictionaryAsync(business => business.Id, business => business.Name, cancellationToken);
        return
        [
            .. accounts.Select(account => (Account: account, Permissions: permissions[account.Id])).Select(one => new AccountView(
                one.Account.Id, one.Account.Email!, one.Account.Name, one.Permissions.Roles,
                one.Permissions.BusinessId is { } id ? new BusinessOfAccount(id, names[id], one.Permissions.BusinessRole!) : null)),
        ];
    }

    private static string Containing(string text) =>
        $"%{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("%", "\\%", StringComparison.Ordinal).Replace("_", "\\_", StringComparison.Ordinal)}%";
}
