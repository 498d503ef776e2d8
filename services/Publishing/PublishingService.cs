using OrderMall.Contracts;
using OrderMall.ServiceDefaults;
using OrderMall.ServiceDefaults.Database;
using OrderMall.ServiceDefaults.Sidecar;
namespace OrderMall.Publishing;

/// <summary>Publishers' registrations of new titles.</summary>
public sealed class PublishingService : IMallService
{
    /// <inheritdoc/>
    public static string AppId => AppIds.Publishing;

    /// <inheritdoc/>
    public static void Configure(WebApplicationBuilder builder)
    {
        builder.AddDatabase<PublishingDb>();
        builder.AddServiceClient(AppIds.Store);
    }

    /// <inheritdoc/>
    public static void Map(WebApplication app)
    {
    }
}
