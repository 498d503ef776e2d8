using System.Reflection;
using OrderMall.ServiceDefaults;

namespace OrderMall.Services.Tests;

/// <summary>A test that holds for whichever service it is given.</summary>
public interface IServiceTest
{
    Task HoldsForAsync<TService>()
        where TService : IMallService;
}

/// <summary>The services written for .NET, as they are found beside the tests: none that is added is left out.</summary>
public static class EveryService
{
    private static readonly Dictionary<string, Type> ByAppId = Directory.EnumerateFiles(AppContext.BaseDirectory, "OrderMall.*.dll")
        .Select(file => Assembly.Load(AssemblyName.GetAssemblyName(file)))
        .SelectMany(assembly => assembly.GetExportedTypes())
        .Where(type => type is { IsAbstract: false } && typeof(IMallService).IsAssignableFrom(type))
        .ToDictionary(type => (string)Of(type, nameof(IMallService.AppId))!);

    public static TheoryData<string> AppIds => [.. ByAppId.Keys.Order()];

    /// <summary>Those that people do not reach.</summary>
    public static TheoryData<string> InternalAppIds => [.. ByAppId.Where(service => Of(service.Value, nameof(IMallService.IsPublic)) is not true).Select(service => service.Key).Order()];

    /// <summary>Has a test hold for a service.</summary>
    public static Task HasAsync(string appId, IServiceTest test) =>
        (Task)typeof(IServiceTest).GetMethod(nameof(IServiceTest.HoldsForAsync))!.MakeGenericMethod(ByAppId[appId]).Invoke(test, null)!;

    // Null where the interface's own holds.
    private static object? Of(Type service, string property) => service.GetProperty(property, BindingFlags.Public | BindingFlags.Static)?.GetValue(null);
}
