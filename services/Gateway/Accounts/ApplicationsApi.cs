using System.Security.Claims;
using System.Text.Json.Serialization;
using FluentValidation;
using Npgsql;

namespace OrderMall.Gateway.Accounts;

/// <summary>Asks for a role.</summary>
/// <param name="BusinessName">What a new business is to be called; as the person is where it is left out.</param>
/// <param name="Note">For the operator who decides.</param>
internal sealed record Apply(
    OpenRole? Role, [property: JsonConverter(typeof(StorableTextConverter))] string? BusinessName, [property: JsonConverter(typeof(StorableTextConverter))] string? Note);

/// <summary>What people may apply for.</summary>
[JsonConverter(typeof(NamedValueConverter<OpenRole>))]
internal enum OpenRole
{
    /// <inheritdoc cref="Roles.Merchant"/>
    [JsonStringEnumMemberName(Roles.Merchant)] Merchant,

    /// <inheritdoc cref="Roles.Courier"/>
    [JsonStringEnumMemberName(Roles.Courier)] Courier,

    /// <inheritdoc cref="Roles.Publisher"/>
    [JsonStringEnumMemberName(Roles.Publisher)] Publisher,
}

/// <summary>Refuses an application.</summary>
/// <param name="Reason">What the person is told.</param>
internal sealed record ApplicationRefusal([property: JsonConverter(typeof(StorableTextConverter))] string? Reason);

/// <summary>An application for a role.</summary>
/// <param name="Reason">Why it was rejected.</param>
internal sealed record ApplicationView(
    Guid Id, string AccountId, string Email, string Name, string Role, string? BusinessName, string? Note, ApplicationStatus Status, string? Reason, DateTimeOffset AppliedAt, DateTimeOffset? DecidedAt);

internal sealed class ApplyValidator : AbstractValidator<Apply>
{
    public ApplyValidator()
    {
        RuleFor(application => application.Role).NotNull();
        RuleFor(application => application.BusinessName).Length(1, 100).OneLine();
        RuleFor(application => application.Note).MaximumLength(1000).Lines();
    }
}

internal sealed class ApplicationRefusalValidator : AbstractValidator<ApplicationRefusal>
{
    public ApplicationRefusalValidator() =>
        RuleFor(refusal => refusal.Reason).NotEmpty().MaximumLength(NewRolesValidator.LongestReason).OneLine();
}

/// <summary>People ask to sell, carry or publish, and operators decide.</summary>
internal static class ApplicationsApi
{
    private const int MostADay = 10;
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    public static void Map(WebApplication app)
    {
        var own = app.MapGroup("/api/account/applications").WithTags("Account").RequireAuthorization();
        own.MapPost("/", ApplyAsync).WithValidation<Apply>().WithIdempotencyKey<GatewayDb, Apply>()
            .WithName("Apply").WithSummary("Asks to be merchant, courier or publisher; an operator decides.")
            .ProducesProblem(StatusCodes.Status409Conflict).ProducesProblem(StatusCodes.Status429TooManyRequests);
        own.MapGet("/", ListOwnAsync).WithName("ListOwnApplications").WithSummary("What you have asked to be, newest first.");
        own.MapDelete("/{id:guid}", WithdrawAsync).WithName("WithdrawApplication").WithSummary("Withdraws an application that nobody has decided on.")
            .ProducesProblem(StatusCodes.Status409Conflict);
        var all = app.MapGroup("/api/ops/applications").WithTags("Operation").RequireRole(Roles.Operator);
        all.MapGet("/", ListAsync).WithName("ListApplications").WithSummary("Who has asked to be merchant, courier or publisher, newest first.");
        all.MapPost("/{id:guid}/approval", ApproveAsync).WithName("ApproveApplication").WithSummary("Gives the person the role.")
            .ProducesProblem(StatusCodes.Status409Conflict);
        all.MapPost("/{id:guid}/rejection", RejectAsync).WithValidation<ApplicationRefusal>().WithName("RejectApplication").WithSummary("Refuses the role, and says why.")
            .ProducesProblem(StatusCodes.Status409Conflict);
    }

    private static async Task<Results<Created<ApplicationView>, ProblemHttpResult>> ApplyAsync(
        Apply request, IdempotencyKey key, ClaimsPrincipal user, GatewayDb db, TimeProvider time, HttpContext context)
    {
        var (now, id) = (time.Now(), user.Id());
        var role = request.Role switch
        {
            OpenRole.Courier => Roles.Courier,
            OpenRole.Publisher => Roles.Publisher,
            _ => Roles.Merchant,
        };
        var permissions = await db.PermissionsAsync(id, context.RequestAborted);
        if (permissions.Roles.Contains(role))
            return Problems.Conflict("role-held", $"You are {role} already.");
        if (Grants.IsSelling(role) && permissions.BusinessRole == BusinessRoles.Staff)
            return Problems.Conflict("in-business", $"You work for a business ({permissions.BusinessId}): an owner of it applies, or you leave it first.");
        if (await db.Applications.CountAsync(application => application.AccountId == id && application.AppliedAt > now - Day, context.RequestAborted) >= MostADay)
            return Problems.RetryLater(context, StatusCodes.Status429TooManyRequests, "too-many-requests", "Too many requests.", $"You have applied {MostADay} times within a day. Try again tomorrow.", (int)Day.TotalSeconds);
        var made = new RoleApplication
        {
            Id = Guid.CreateVersion7(now),
            AccountId = id,
            Role = role,
            BusinessName = request.BusinessName,
            Note = request.Note,
            AppliedAt = now,
        };
        db.Applications.Add(made);
        var view = new ApplicationView(made.Id, id, user.FindFirstValue(ClaimTypes.Email)!, user.FindFirstValue(ClaimTypes.Name)!, made.Role, made.BusinessName, made.Note, made.Status, null, now, null);
        var answer = key.Created(db, "/api/account/applications", view, now);
        try
        {
            await db.SaveChangesAsync(context.RequestAborted);
            return answer;
        }
        catch (DbUpdateException e) when (e.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation } && !IdempotencyKey.IsTaken(e))
        {
            db.ChangeTracker.Clear();
            return Problems.Conflict("already-applied", $"You have asked to be {role} already, and nobody has decided yet.");
        }
    }

    private static async Task<Ok<Page<ApplicationView>>> ListOwnAsync(PageRequest page, ClaimsPrincipal user, GatewayDb db, CancellationToken cancellationToken)
    {
        var id = user.Id();
        return TypedResults.Ok(await PageAsync(page, db.Applications.Where(application => application.AccountId == id), db, cancellationToken));
    }

    private static async Task<Results<Ok<Page<ApplicationView>>, ValidationProblem>> ListAsync(string? status, PageRequest page, GatewayDb db, CancellationToken cancellationToken)
    {
        if (StatusFilter.Read<ApplicationStatus>(status, out var wanted) is { } wrong)
            return wrong;
        return TypedResults.Ok(await PageAsync(page, wanted is null ? db.Applications : db.Applications.Where(application => application.Status == wanted), db, cancellationToken));
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> WithdrawAsync(Guid id, ClaimsPrincipal user, GatewayDb db, Grants grants, TimeProvider time, CancellationToken cancellationToken)
    {
        await using var change = await grants.BeginAsync(cancellationToken);
        if (await db.Applications.FindAsync([id], cancellationToken) is not { } application || application.AccountId != user.Id())
            return Problems.NotFound("application");
        if (application.Status == ApplicationStatus.Withdrawn)
            return TypedResults.NoContent();
        if (Decide(application, ApplicationStatus.Withdrawn, user.Id(), time.Now()) is { } refusal)
            return refusal;
        await grants.CommitAsync(change, cancellationToken);
        return TypedResults.NoContent();
    }

    private static async Task<Results<Ok<ApplicationView>, ProblemHttpResult>> ApproveAsync(
        Guid id, ClaimsPrincipal user, GatewayDb db, Grants grants, TimeProvider time, CancellationToken cancellationToken)
    {
        await using var change = await grants.BeginAsync(cancellationToken);
        if (await db.Applications.FindAsync([id], cancellationToken) is not { } application)
            return Problems.NotFound("application");
        if (application.Status != ApplicationStatus.Approved)
        {
            if (Decide(application, ApplicationStatus.Approved, user.Id(), time.Now()) is { } decided)
                return decided;
            var account = await db.Accounts.AsNoTracking().FirstAsync(account => account.Id == application.AccountId, cancellationToken);
            var was = await db.PermissionsAsync(account.Id, cancellationToken);
            if (await grants.SetRolesAsync(account, [.. was.Roles, application.Role], user.Id(), $"application {id}", application.BusinessName, cancellationToken, isTold: false) is { } refusal)
                return refusal;
            db.Publish(AccountEvent.ApplicationApproved, Told(application, account));
            await grants.CommitAsync(change, cancellationToken);
        }

        return TypedResults.Ok(await ViewAsync(id, db, cancellationToken));
    }

    private static async Task<Results<Ok<ApplicationView>, ProblemHttpResult>> RejectAsync(
        Guid id, ApplicationRefusal refusal, ClaimsPrincipal user, GatewayDb db, Grants grants, TimeProvider time, CancellationToken cancellationToken)
    {
        await using var change = await grants.BeginAsync(cancellationToken);
        if (await db.Applications.FindAsync([id], cancellationToken) is not { } application)
            return Problems.NotFound("application");
        if (application.Status != ApplicationStatus.Rejected)
        {
            if (Decide(application, ApplicationStatus.Rejected, user.Id(), time.Now()) is { } decided)
                return decided;
            application.Reason = refusal.Reason;
            var permissions = await db.PermissionsAsync(application.AccountId, cancellationToken);
            grants.Change(application.AccountId, permissions, permissions, "application-rejected", user.Id(), $"{application.Role}: {refusal.Reason}");
            db.Publish(AccountEvent.ApplicationRejected, Told(application, await db.Accounts.AsNoTracking().FirstAsync(account => account.Id == application.AccountId, cancellationToken)));
            await grants.CommitAsync(change, cancellationToken);
        }

        return TypedResults.Ok(await ViewAsync(id, db, cancellationToken));
    }

    private static ProblemHttpResult? Decide(RoleApplication application, ApplicationStatus decision, string by, DateTimeOffset now)
    {
        if (application.Status != ApplicationStatus.Pending)
            return Problems.Conflict("application-status", $"The application is {application.Status} already.");
        (application.Status, application.DecidedBy, application.DecidedAt) = (decision, by, now);
        return null;
    }

    private static AccountEvent Told(RoleApplication application, MallUser account) =>
        new(account.Id, application.DecidedAt!.Value, account.Email!, account.Name, Role: application.Role, Reason: application.Reason);

    private static async Task<Page<ApplicationView>> PageAsync(PageRequest page, IQueryable<RoleApplication> applications, GatewayDb db, CancellationToken cancellationToken)
    {
        if (page.After is { } after)
            applications = applications.Where(application => application.Id < after);
        var rows = await Views(applications.OrderByDescending(application => application.Id).Take(page.Limit + 1), db).ToListAsync(cancellationToken);
        return page.ToPage([.. rows.OrderByDescending(row => row.Id)], row => row.Id);
    }

    private static Task<ApplicationView> ViewAsync(Guid id, GatewayDb db, CancellationToken cancellationToken) =>
        Views(db.Applications.Where(application => application.Id == id), db).FirstAsync(cancellationToken);

    private static IQueryable<ApplicationView> Views(IQueryable<RoleApplication> applications, GatewayDb db) =>
        from application in applications.AsNoTracking()
        join account in db.Accounts on application.AccountId equals account.Id
        select new ApplicationView(
            application.Id, account.Id, account.Email!, account.Name, application.Role, application.BusinessName, application.Note, application.Status, application.Reason, application.AppliedAt, application.DecidedAt);
}
