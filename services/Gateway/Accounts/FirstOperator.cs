using Microsoft.AspNetCore.Identity;

namespace OrderMall.Gateway.Accounts;

/// <summary>
/// Makes the first operator, of <c>Operator:Email</c>, once: later only operators make operators. With <c>Operator:Password</c> the account is made at the
/// start, and one that is there already must have that password. Without, it is that address's account, or whoever registers the address first: nobody
/// else should reach the mall until then, and a warning says so.
/// </summary>
internal sealed partial class FirstOperator : IHostedService
{
    private const string EmailKey = "Operator:Email";
    private const string PasswordKey = "Operator:Password";

    private readonly IServiceScopeFactory _scopes;
    private readonly TimeProvider _time;
    private readonly ILogger<FirstOperator> _logger;
    private readonly string? _email;
    private readonly string? _password;

    /// <exception cref="InvalidOperationException">A setting is wrong; the message names the key.</exception>
    public FirstOperator(IServiceScopeFactory scopes, IConfiguration configuration, TimeProvider time, ILogger<FirstOperator> logger)
    {
        (_scopes, _time, _logger) = (scopes, time, logger);
        _email = TextRules.Clean(configuration[EmailKey]) is { Length: > 0 } email ? email : null;
        _password = configuration[PasswordKey] is { Length: > 0 } password ? password : null;
        if (_email is null && _password is not null)
            throw new InvalidOperationException($"{PasswordKey} is set, and {EmailKey} is not: say whose it is.");
        if (_email is not null && new RegistrationValidator().Validate(new Registration(_email, "-", "-")) is { IsValid: false } wrong)
            throw new InvalidOperationException($"{EmailKey} is '{_email}': {wrong.Errors[0].ErrorMessage}");
    }

    public static void Add(IServiceCollection services)
    {
        services.AddSingleton<FirstOperator>();
        services.AddHostedService(provider => provider.GetRequiredService<FirstOperator>());
    }

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (_email is null)
            return;
        await using var scope = _scopes.CreateAsyncScope();
        var (db, grants, users) = (scope.ServiceProvider.GetRequiredService<GatewayDb>(), scope.ServiceProvider.GetRequiredService<Grants>(), scope.ServiceProvider.GetRequiredService<UserManager<MallUser>>());
        await using var change = await grants.BeginAsync(cancellationToken);
        if (!await IsWantedAsync(db, grants, cancellationToken))
            return;
        var account = await users.FindByEmailAsync(_email);
        if (account is null && _password is null)
        {
            LogOpen(_email);
            return;
        }

        if (account is not null && _password is not null && !await users.CheckPasswordAsync(account, _password))
        {
            LogSomebodyElses(_email);
            return;
        }

        account ??= await MakeAsync(_email, _password!, db, users);
        var was = await db.PermissionsAsync(account.Id, cancellationToken);
        grants.Change(account.Id, was, Operating(was), "roles", AccountChange.ByConfiguration);
        await grants.CommitAsync(change, cancellationToken);
        LogMade(_email);
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Makes a new account the first operator, if it is the one.</summary>
    /// <param name="account">About to be saved, with the role of a customer.</param>
    public async Task<IReadOnlyList<string>> AppointAsync(MallUser account, GatewayDb db, Grants grants, ILookupNormalizer names, CancellationToken cancellationToken)
    {
        var customer = new Permissions([Roles.Customer], null, null);
        if (_email is null || _password is not null || names.NormalizeEmail(account.Email) != names.NormalizeEmail(_email) || !await IsWantedAsync(db, grants, cancellationToken))
            return customer.Roles;
        grants.Change(account.Id, customer, Operating(customer), "roles", AccountChange.ByConfiguration);
        return Operating(customer).Roles;
    }

    /// <summary>Says that a new account is the first operator: to be called when it was saved.</summary>
    public void Appointed(MallUser account) => LogMade(account.Email!);

    private static async Task<bool> IsWantedAsync(GatewayDb db, Grants grants, CancellationToken cancellationToken) =>
        !await db.AccountChanges.AnyAsync(change => change.ChangedBy == AccountChange.ByConfiguration, cancellationToken)
        && !await grants.HasOperatorAsync(besides: null, cancellationToken);

    private static Permissions Operating(Permissions was) => was with { Roles = [.. Roles.All.Where(role => role == Roles.Operator || was.Roles.Contains(role))] };

    private async Task<MallUser> MakeAsync(string email, string password, GatewayDb db, UserManager<MallUser> users)
    {
        var account = new MallUser { UserName = email, Email = email, Name = email.Split('@')[0] };
        db.Open(account, Roles.Customer, _time.Now());
        var created = await users.CreateAsync(account, password);
        return created.Succeeded ? account : throw new InvalidOperationException($"{PasswordKey}: {string.Join(' ', created.Errors.Select(error => error.Description))}");
    }

    [LoggerMessage(LogLevel.Warning, "There is no operator. Whoever registers {Email} first becomes it: do so before anybody else can reach the mall, or set Operator:Password")]
    private partial void LogOpen(string email);

    [LoggerMessage(LogLevel.Error, "There is no operator: the account of {Email} has another password than Operator:Password, so it may be somebody else's")]
    private partial void LogSomebodyElses(string email);

    [LoggerMessage(LogLevel.Warning, "{Email} is the first operator. Operator:Email and Operator:Password have no effect any more: remove them")]
    private partial void LogMade(string email);
}
