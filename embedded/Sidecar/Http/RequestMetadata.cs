namespace OrderMall.Sidecar.Http;

/// <summary>The <c>metadata.*</c> of a request's query.</summary>
internal static class RequestMetadata
{
    private const string Prefix = "metadata.";

    /// <returns>By name without <c>metadata.</c> and without regard to case.</returns>
    public static Dictionary<string, string> Of(HttpRequest request)
    {
        var metadata = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        if (!request.QueryString.HasValue)
            return metadata;
        foreach (var (name, values) in request.Query)
        {
            if (name.StartsWith(Prefix, StringComparison.Ordinal))
                metadata[name[Prefix.Length..]] = values[0] ?? "";
        }

        return metadata;
    }
}
