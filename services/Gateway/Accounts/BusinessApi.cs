using System.Security.Claims;
using System.Text.Json.Serialization;
using FluentValidation;
using Microsoft.AspNetCore.Identity;

namespace OrderMall.Gateway.Accounts;

/// <summary>Invites a person to a business.</summary>
/// <param name="Email">The address of the person's account.</param>
internal sealed record Invite([property: JsonConverter(typeof(StorableTextConverter))] string? Email, BusinessRole? Role);

/// <summary>Changes what a member is.</summary>
internal sealed record MemberRole(BusinessRole? Role);

/// <summary>A member of a business, or an open invitation to it.</summary>
/// <param name="Name"><see langword="null"/> until the person has accepted.</param>
/// <param name="JoinedAt"><see langword="null"/> until the person has accepted.</param>
internal sealed record MemberView(string AccountId, string Email, string? Name, string Role, DateTimeOffset InvitedAt, DateTimeOffset? JoinedAt);

/// <summary>A business as its members see it.</summary>
/// <param name="Id">As offers and orders name their merchant.</param>
/// <param name="Role">What the person who asks is there.</param>
/// <param name="Members">At most <see cref="BusinessApi.MostMembers"/>, those who were invited too.</param>
internal sealed record BusinessView(string Id, string Name, string Role, IReadOnlyList<MemberView> Members);

/// <summary>An invitation to a business.</summary>
internal sealed record InvitationView(string BusinessId, string BusinessName, string Role, DateTimeOffset InvitedAt);

internal sealed class InviteValidator : AbstractValidator<Invite>
{
    public InviteValidator()
    {
        RuleFor(invite => invite.Email).Cascade(CascadeMode.Stop).NotEmpty().MaximumLength(RegistrationValidator.LongestEmail).OneLine();
        RuleFor(invite => invite.Role).NotNull();
    }
}

internal sealed class MemberRoleValidator : AbstractValidator<MemberRole>
{
    public MemberRoleValidator() =>
        RuleFor(change => change.Role).NotNull();
}

/// <summary>Who belongs to a business: its owners say so, and nobody joins without having accepted.</summary>
internal static class BusinessApi
{
    /// <summary>How many belong to one business at most, those who were invited too.</summary>
    public const int MostMembers = 100;
    private const int MostInvitations = 20;
    private const int MostChangesADay = 100;
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    public static void Map(WebApplication app)
    {
        var business = app.MapGroup("/api/account/business").WithTags("Account").RequireAuthorization();
        business.MapGet("/", GetAsync).WithName("GetBusiness").WithSummary("The business that you belong to, and who else does.");
        business.MapPost("/members", InviteAsync).WithValidation<Invite>().WithName("InviteMember").WithSummary("Invites a person to your business, as owner or staff.")
            .ProducesProblem(StatusCodes.Status403Forbidden).ProducesProblem(StatusCodes.Status409Conflict);
        business.MapPut("/members/{accountId}", ChangeAsync).WithValidation<MemberRole>().WithName("ChangeMember").WithSummary("Makes a member owner or staff.")
            .ProducesProblem(StatusCodes.Status403Forbidden).ProducesProblem(StatusCodes.Status409Conflict);
        business.MapDelete("/members/{accountId}", RemoveAsync).WithName("RemoveMember").WithSummary("Removes a member, or takes an invitation back. Whoever is staff leaves this way.")
            .ProducesProblem(StatusCodes.Status403Forbidden).ProducesProblem(StatusCodes.Status409Conflict);
        var invitations = app.MapGroup("/api/account/invitations").WithTags("Account").RequireAuthorization();
        invitations.MapGet("/", InvitationsAsync).WithName("ListInvitations").WithSummary("The businesses that you are invited to, newest first.");
        invitations.MapPost("/{businessId}/acceptance", AcceptAsync).WithName("AcceptInvitation").WithSummary("Joins a business: from then on you act for it.")
            .ProducesProblem(StatusCodes.Status409Conflict);
        invitations.MapDelete("/{businessId}", DeclineAsync).WithName("DeclineInvitation").WithSummary("Declines an invitation.");
    }

    private static async Task<Results<Ok<BusinessView>, ProblemHttpResult>> GetAsync(ClaimsPrincipal user, GatewayDb db, CancellationToken cancellationToken)
    {
        if (await MineAsync(user, db, cancellationToken) is not { } mine)
            return Problems.NotFound("business");
        var business = await db.Businesses.AsNoTracking().FirstAsync(business => business.Id == mine.BusinessId, cancellationToken);
        var members = await (
            from member in db.BusinessMembers
            join account in db.Accounts on member.AccountId equals account.Id
            where member.BusinessId == mine.BusinessId
            orderby member.InvitedAt, account.NormalizedEmail
            select new MemberView(account.Id, account.Email!, member.JoinedAt == null ? null : account.Name, member.Role, member.InvitedAt, member.JoinedAt)).ToListAsync(cancellationToken);
        return TypedResults.Ok(new BusinessView(business.Id, business.Name, mine.Role, members));
    }

    private static async Task<Results<Created<MemberView>, ValidationProblem, ProblemHttpResult>> InviteAsync(
        Invite invite, ClaimsPrincipal user, GatewayDb db, Grants grants, ILookupNormalizer names, TimeProvider time, CancellationToken cancellationToken)
    {
        await using var change = await grants.BeginAsync(cancellationToken);
        var mine = await MineAsync(user, db, cancellationToken);
        if (NotOwner(mine) is { } refusal)
            return refusal;
        var email = names.NormalizeEmail(invite.Email);
        if (await db.Accounts.AsNoTracking().FirstOrDefaultAsync(account => account.NormalizedEmail == email, cancellationToken) is not { } account)
            return Problems.Invalid("email", "There is no account with this address: the person registers first.");
        if (await db.BusinessMembers.FindAsync([mine!.BusinessId, account.Id], cancellationToken) is not null)
            return Problems.Conflict("already-member", "The person belongs to the business, or is invited to it.");
        if (await db.BusinessMembers.CountAsync(member => member.BusinessId == mine.BusinessId, cancellationToken) >= MostMembers)
            return Problems.Conflict("too-many-members", $"A business has at most {MostMembers} members and invitations: remove one first.");
        if (await db.BusinessMembers.CountAsync(member => member.AccountId == account.Id && member.JoinedAt == null, cancellationToken) >= MostInvitations)
            return Problems.Conflict("too-many-invitations", $"The person has {MostInvitations} invitations and has answered none: they decline some first.");
        var member = new BusinessMember { BusinessId = mine.BusinessId, AccountId = account.Id, Role = BusinessRoles.Of(invite.Role!.Value), InvitedAt = time.Now() };
        db.BusinessMembers.Add(member);
        await grants.CommitAsync(change, cancellationToken);
        return TypedResults.Created($"/api/account/business/members/{account.Id}", new MemberView(account.Id, account.Email!, null, member.Role, member.InvitedAt, null));
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> ChangeAsync(
        string accountId, MemberRole change, ClaimsPrincipal user, GatewayDb db, Grants grants, TimeProvider time, HttpContext context, CancellationToken cancellationToken)
    {
        await using var transaction = await grants.BeginAsync(cancellationToken);
        var mine = await MineAsync(user, db, cancellationToken);
        if (NotOwner(mine) is { } refusal)
            return refusal;
        if (await db.BusinessMembers.FindAsync([mine!.BusinessId, accountId], cancellationToken) is not { } member)
            return Problems.NotFound("member");
        var role = BusinessRoles.Of(change.Role!.Value);
        if (member.Role == role)
            return TypedResults.NoContent();
        if (member.AccountId == member.BusinessId)
            return Founder();
        if (member.JoinedAt is not null)
        {
            if (await TooManyAsync(context, user, db, time) is { } tooMany)
                return tooMany;
            var was = await db.PermissionsAsync(accountId, cancellationToken);
            grants.Change(accountId, was, was with { BusinessRole = role }, "business-role", user.Id());
        }

        member.Role = role;
        await grants.CommitAsync(transaction, cancellationToken);
        return TypedResults.NoContent();
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> RemoveAsync(
        string accountId, ClaimsPrincipal user, GatewayDb db, Grants grants, TimeProvider time, HttpContext context, CancellationToken cancellationToken)
    {
        await using var change = await grants.BeginAsync(cancellationToken);
        var mine = await MineAsync(user, db, cancellationToken);
        if (accountId != user.Id() && NotOwner(mine) is { } refusal)
            return refusal;
        if (mine is null || await db.BusinessMembers.FindAsync([mine.BusinessId, accountId], cancellationToken) is not { } member)
            return Problems.NotFound("member");
        if (member.AccountId == member.BusinessId)
            return Founder();
        if (member.JoinedAt is not null)
        {
            if (await TooManyAsync(context, user, db, time) is { } tooMany)
                return tooMany;
            var was = await db.PermissionsAsync(accountId, cancellationToken);
            grants.Change(accountId, was, new Permissions([.. was.Roles.Where(role => !Grants.IsSelling(role))], null, null), "left", user.Id());
        }

        db.BusinessMembers.Remove(member);
        await grants.CommitAsync(change, cancellationToken);
        return TypedResults.NoContent();
    }

    // Each is a line of the trail for good, and every replica reads the last of them every few seconds.
    private static async Task<ProblemHttpResult?> TooManyAsync(HttpContext context, ClaimsPrincipal user, GatewayDb db, TimeProvider time)
    {
        var (id, since) = (user.Id(), time.Now() - Day);
        return await db.AccountChanges.CountAsync(change => change.At > since && change.ChangedBy == id, context.RequestAborted) < MostChangesADay
            ? null
            : Problems.RetryLater(context, StatusCodes.Status429TooManyRequests, "too-many-requests", "Too many requests.", $"You have changed {MostChangesADay} memberships within a day. Try again tomorrow.", (int)Day.TotalSeconds);
    }

    private static async Task<Ok<Page<InvitationView>>> InvitationsAsync(ClaimsPrincipal user, GatewayDb db, CancellationToken cancellationToken)
    {
        var id = user.Id();
        // One page: nobody has more.
        return TypedResults.Ok(new Page<InvitationView>(
            await (
                from member in db.BusinessMembers
                join business in db.Businesses on member.BusinessId equals business.Id
                where member.AccountId == id && member.JoinedAt == null
                orderby member.InvitedAt descending
                select new InvitationView(business.Id, business.Name, member.Role, member.InvitedAt)).ToListAsync(cancellationToken),
            null));
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> AcceptAsync(
        string businessId, ClaimsPrincipal user, GatewayDb db, Grants grants, TimeProvider time, HttpContext context, CancellationToken cancellationToken)
    {
        await using var change = await grants.BeginAsync(cancellationToken);
        if (await db.BusinessMembers.FindAsync([businessId, user.Id()], cancellationToken) is not { } member)
            return Problems.NotFound("invitation");
        if (member.JoinedAt is not null)
            return TypedResults.NoContent();
        var was = await db.PermissionsAsync(user.Id(), cancellationToken);
        if (was.BusinessId is not null || was.Roles.Any(Grants.IsSelling))
            return Problems.Conflict("in-business", "You belong to a business already, and nobody acts for two: leave it first, or use another account.");
        if (await TooManyAsync(context, user, db, time) is { } tooMany)
            return tooMany;
        // Who began it has what the business has.
        var selling = (await db.PermissionsAsync(businessId, cancellationToken)).Roles.Where(Grants.IsSelling);
        grants.Change(user.Id(), was, new Permissions([.. Roles.All.Where(was.Roles.Concat(selling).Contains)], businessId, member.Role), "joined", user.Id());
        member.JoinedAt = time.Now();
        await grants.CommitAsync(change, cancellationToken);
        return TypedResults.NoContent();
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> DeclineAsync(string businessId, ClaimsPrincipal user, GatewayDb db, CancellationToken cancellationToken)
    {
        var id = user.Id();
        return await db.BusinessMembers.Where(member => member.BusinessId == businessId && member.AccountId == id && member.JoinedAt == null).ExecuteDeleteAsync(cancellationToken) == 1
            ? TypedResults.NoContent()
            : Problems.NotFound("invitation");
    }

    // As it is now, whatever the token says.
    private static Task<BusinessMember?> MineAsync(ClaimsPrincipal user, GatewayDb db, CancellationToken cancellationToken)
    {
        var id = user.Id();
        return db.BusinessMembers.FirstOrDefaultAsync(member => member.AccountId == id && member.JoinedAt != null, cancellationToken);
    }

    private static ProblemHttpResult? NotOwner(BusinessMember? mine) =>
        mine is null ? Problems.NotFound("business")
        : mine.Role != BusinessRoles.Owner ? Problems.Of(StatusCodes.Status403Forbidden, "forbidden", "Forbidden", "Only an owner of the business may do this.")
        : null;

    private static ProblemHttpResult Founder() =>
        Problems.Conflict("founder", "The account with which a business began stays an owner of it: the business is known by its id, and written to at its address.");
}
