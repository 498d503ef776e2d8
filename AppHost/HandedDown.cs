using Microsoft.Extensions.Configuration;

namespace OrderMall.AppHost;

/// <summary>What the mall is told for some of its services: sections of its configuration, as the service reads them.</summary>
internal static class HandedDown
{
    // Names the file with settings that change while services run.
    private const string EveryService = "Configuration";
    private static readonly string[] Secrets = ["Smtp:Password", "Push:Key", "PaymentProvider:Key", "Operator:Password"];

    /// <summary>Hands a service's sections down to its instances, and nobody else's secrets.</summary>
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
