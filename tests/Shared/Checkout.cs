namespace OrderMall.Tests;

/// <summary>The checkout that the tests were built in.</summary>
internal static class Checkout
{
    public static string Folder { get; } = Find();

    public static string Of(params string[] path) => Path.Combine([Folder, .. path]);

    private static string Find()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "OrderMall.sln")))
            folder = folder.Parent;
        return folder?.FullName ?? throw new DirectoryNotFoundException($"There is no checkout around {AppContext.BaseDirectory}.");
    }
}
