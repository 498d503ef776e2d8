namespace OrderMall.AppHost.Servers;

/// <summary>The mail server that a service is told of: section <c>Smtp</c>, as the service reads it.</summary>
internal static class MailSettings
{
    private const string Section = "Smtp";
    private const string Password = "Password";
    private const string From = "OrderMall <mall@mall.test>";

    /// <summary>Hands down a server that is configured for the whole mall.</summary>
    /// <returns>Whether one is.</returns>
    public static bool Pass<T>(IDistributedApplicationBuilder builder, IResourceBuilder<T> app)
        where T : IResourceWithEnvironment
    {
        var settings = builder.Configuration.GetSection(Section).GetChildren().Where(setting => setting.Value is not null).ToList();
        foreach (var setting in settings.Where(setting => setting.Key != Password))
            app.WithEnvironment($"{Section}__{setting.Key}", setting.Value);
        if (settings.Find(setting => setting.Key == Password) is { } password)
            app.WithEnvironment($"{Section}__{Password}", builder.AddParameter("smtp-password", password.Value!, secret: true));
        return settings.Count > 0;
    }

    /// <summary>Tells of a server that catches what is sent.</summary>
    public static void Give<T>(IResourceBuilder<T> app, object host, object port)
        where T : IResourceWithEnvironment =>
        app.WithEnvironment(context =>
        {
            context.EnvironmentVariables[$"{Section}__Host"] = host;
            context.EnvironmentVariables[$"{Section}__Port"] = port;
            context.EnvironmentVariables[$"{Section}__From"] = From;
        });
}
