namespace OrderMall.Sidecar.Tests;

/// <summary>Addresses that <see cref="HttpClient"/> must not tidy up: what the sidecar makes of them is the question.</summary>
internal static class AsWritten
{
    private static readonly UriCreationOptions Untouched = new() { DangerousDisablePathAndQueryCanonicalization = true };

    public static Uri At(HttpClient client, string path) => new(client.BaseAddress!.GetLeftPart(UriPartial.Authority) + path, Untouched);
}
