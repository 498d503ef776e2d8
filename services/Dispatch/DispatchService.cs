using OrderMall.Contracts;
using OrderMall.ServiceDefaults;
using OrderMall.ServiceDefaults.Database;

namespace OrderMall.Dispatch;

/// <summary>Workers, and whom they are sent to.</summary>
public sealed class DispatchService : IMallService
{
    /// <inheritdoc/>
    public static string AppId => AppIds.Dispatch;

    /// <inheritdoc/>
    public static void Configure(WebApplicationBuilder builder)
    {
        builder.AddDatabase<DispatchDb>();
    }

    /// <inheritdoc/>
    public static void Map(WebApplication app)
    {
    }
}
