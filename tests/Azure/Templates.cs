namespace OrderMall.Azure.Tests;

/// <summary>The templates as they are, evaluated once for all tests.</summary>
public sealed class Templates : IAsyncLifetime
{
    /// <summary>What <c>azd up</c> knows when it has asked for a subscription and a region.</summary>
    internal static IReadOnlyDictionary<string, string> Little { get; } = new Dictionary<string, string> { ["AZURE_ENV_NAME"] = "test", ["AZURE_LOCATION"] = BicepCompiler.Region };

    /// <summary>With everything that can be said.</summary>
    internal static IReadOnlyDictionary<string, string> Much { get; } = new Dictionary<string, string>(Little)
    {
        ["MALL_SIZE"] = "large",
        ["OPERATOR_EMAIL"] = "operator@example.com",
        ["ALERT_EMAIL"] = "oncall@example.com",
        ["PAYMENT_PROVIDER_ADDRESS"] = "https://payments.example.com/v1",
        ["PAYMENT_PROVIDER_KEY"] = "the-providers-key",
        ["PAYMENT_METHOD"] = "bank",
        ["SMTP_HOST"] = "smtp.example.com",
        ["SMTP_PORT"] = "587",
        ["SMTP_FROM"] = "mall@example.com",
        ["SMTP_USER"] = "mall",
        ["SMTP_PASSWORD"] = "the-smtp-password",
        ["PUSH_ADDRESS"] = "https://push.example.com/v1",
        ["PUSH_KEY"] = "the-push-key",
    };

    /// <summary>The demo.</summary>
    internal static IReadOnlyDictionary<string, string> Demo { get; } = new Dictionary<string, string>(Little) { ["MALL_DEMO"] = "true" };

    // Of Little, for all who break something: it is started and warmed up once.
    private BicepCompiler? _compiler;

    internal Deployment Plain { get; private set; } = null!;

    internal Deployment Full { get; private set; } = null!;

    internal Deployment WithDemo { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        if (Paths.Bicep is null)
            return;
        _compiler = new BicepCompiler(Little);
        Plain = await Deployment.OfAsync(_compiler, Little);
        Full = await OfAsync(Much);
        WithDemo = await OfAsync(Demo);
    }

    public Task DisposeAsync()
    {
        _compiler?.Dispose();
        return Task.CompletedTask;
    }

    /// <summary>What <see cref="Little"/> would make of changed templates.</summary>
    internal Task<Deployment> OfLittleAsync(Action<string> edit) => Deployment.OfAsync(_compiler!, Little, edit, Plain);

    private static async Task<Deployment> OfAsync(IReadOnlyDictionary<string, string> environment)
    {
        using var compiler = new BicepCompiler(environment);
        return await Deployment.OfAsync(compiler, environment);
    }
}

[CollectionDefinition(Name)]
public sealed class TemplatesCollection : ICollectionFixture<Templates>
{
    public const string Name = "templates";
}
