namespace OrderMall.AppHost;

/// <summary>The mail server that a service is told of: section <c>Smtp</c>, as the service reads it.</summary>
internal static class MailSettings
{
    private const string Section = "Smtp";
    private const string Password = "Password";

    /// <summary>Hands down the server that is configured for the whole mall; where there is none, messages stay in the app's inbox.</summary>
    public static void Pass<T>(IDistributedApplicationBuilder builder, IResourceBuilder<T> app)
        where T : IResourceWithEnvironment
    {
        foreach (var setting in builder.Configuration.GetSection(Section).GetChildren().Where(setting => setting.Value is not null))
        {
            if (setting.Key == Password)
                app.WithEnvironment($"{Section}__{Password}", builder.AddParameter("smtp-password", setting.Value!, secret: true));
            else
                app.WithEnvironment($"{Section}__{setting.Key}", setting.Value);
        }
    }
}
