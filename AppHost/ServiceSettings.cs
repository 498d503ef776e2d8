using Microsoft.Extensions.Configuration;

namespace OrderMall.AppHost;

/// <summary>The sections of the mall's own configuration that a service is given, as it reads them.</summary>
internal static class ServiceSettings
{
    // Names the file with settings that change while services run.
    private const string EveryService = "Configuration";
    private static readonly string[] Secrets = ["Smtp:Password", "Push:Key", "PaymentProvider:Key", "Operator:Password"];

    /// <summary>Passes a service's sections to its instances as environment variables, and nobody else's secrets.</summary>
    public static void Pass<T>(IDistributedApplicationBuilder builder, MallService service, IReadOnlyList<IResourceBuilder<T>> instances)
        where T : IResourceWithEnvironment
    {
        var settings = service.Settings.Append(EveryService).SelectMany(section => builder.Configuration.GetSection(section).AsEnumerable()).Where(setting => setting.Value is not null)
            .ToDictionary(StringComparer.OrdinalIgnoreCase);
        // Programs have the mall's own environment too.
        foreach (var secret in Secrets)
            settings.TryAdd(secret, "");
        foreach (var (key, value) in settings)
        {
            var variable = key.Replace(":", "__", StringComparison.Ordinal);
            var parameter = value is { Length: > 0 } && Secrets.Contains(key, StringComparer.OrdinalIgnoreCase)
                ? builder.AddParameter(key.Replace(':', '-').ToLowerInvariant(), value, secret: true)
                : null;
            foreach (var instance in instances)
                _ = parameter is null ? instance.WithEnvironment(variable, value) : instance.WithEnvironment(variable, parameter);
        }
    }
}
