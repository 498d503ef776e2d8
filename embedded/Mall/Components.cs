namespace OrderMall.Mall;

/// <summary>Where the Dapr components and policies are.</summary>
internal static class Components
{
    /// <summary>The given folder, else <c>components/</c> of the checkout this program was built in.</summary>
    /// <exception cref="MallException">There is no such folder.</exception>
    public static string Find(string? given)
    {
        if (given is not null)
        {
            return Directory.Exists(given)
                ? Path.GetFullPath(given)
                : throw new MallException($"There is no folder '{Path.GetFullPath(given)}'. Give the one with the Dapr components with --components.");
        }

        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var components = Path.Combine(folder.FullName, "components");
            if (File.Exists(Path.Combine(components, "resiliency.yaml")))
                return components;
        }

        throw new MallException("The folder components/ was not found above this program. Give it with --components.");
    }
}
