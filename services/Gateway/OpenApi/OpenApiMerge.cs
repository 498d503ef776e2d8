using System.Text.Json.Nodes;

namespace OrderMall.Gateway.OpenApi;

/// <summary>Makes one OpenAPI document of those of several services.</summary>
internal sealed class OpenApiMerge(IReadOnlyList<ServiceRoute> routes)
{
    private const string SchemaRef = "#/components/schemas/";
    private readonly JsonObject _paths = [];
    private readonly JsonObject _schemas = [];
    private readonly SortedSet<string> _tags = new(StringComparer.Ordinal);

    /// <summary>Adds a service's public paths and its schemas. A schema whose name is taken by another is prefixed with the app id.</summary>
    public void Add(string appId, JsonObject document)
    {
        var own = (JsonObject)document.DeepClone();
        var schemas = own["components"]?["schemas"] as JsonObject ?? [];
        var renamed = Clashing(schemas);
        Rename(own, name => renamed.Contains(name) ? $"{appId}.{name}" : name);
        foreach (var (name, schema) in schemas)
            _schemas[renamed.Contains(name) ? $"{appId}.{name}" : name] = schema?.DeepClone();
        foreach (var (path, operations) in own["paths"] as JsonObject ?? [])
        {
            if (!path.StartsWith("/api/", StringComparison.Ordinal) || operations is not JsonObject methods)
                continue;
            foreach (var (method, operation) in methods)
            {
                if (operation is not JsonObject described || !HttpMethodNames.Contains(method))
                    continue;
                foreach (var tag in described["tags"] as JsonArray ?? [])
                    _tags.Add(tag!.ToString());
                if (!IsOpen(path, method))
                    described["security"] = new JsonArray(new JsonObject { ["bearer"] = new JsonArray() });
            }

            _paths[path] = methods.DeepClone();
        }
    }

    /// <summary>The document of everything that was added.</summary>
    public JsonObject ToDocument() => new()
    {
        ["openapi"] = "3.1.1",
        ["info"] = new JsonObject
        {
            ["title"] = "OrderMall",
            ["description"] = "An online mall. Sign in with POST /api/account/login and send the access token as Authorization: Bearer. Errors are problem documents (RFC 9457) whose type stays the same.",
            ["version"] = "v1",
        },
        ["paths"] = _paths.DeepClone(),
        ["components"] = new JsonObject
        {
            ["schemas"] = _schemas.DeepClone(),
            ["securitySchemes"] = new JsonObject
            {
                ["bearer"] = new JsonObject { ["type"] = "http", ["scheme"] = "bearer" },
            },
        },
        ["tags"] = new JsonArray([.. _tags.Select(tag => (JsonNode)new JsonObject { ["name"] = tag })]),
    };

    private static readonly HashSet<string> HttpMethodNames = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

    private bool IsOpen(string path, string method) =>
        path is "/api/account/register" or "/api/account/login" or "/api/account/refresh"
        || (method is "get" or "head" && routes.Any(route => route.AnyoneMayRead
            && (path == $"/api/{route.Prefix}" || path.StartsWith($"/api/{route.Prefix}/", StringComparison.Ordinal))));

    // Same name, other content; and whatever refers to such a one, since it is another thing as well.
    private HashSet<string> Clashing(JsonObject schemas)
    {
        var clashing = schemas.Where(own => _schemas.TryGetPropertyValue(own.Key, out var other) && !JsonNode.DeepEquals(own.Value, other))
            .Select(own => own.Key).ToHashSet();
        bool grew;
        do
        {
            grew = false;
            foreach (var (name, schema) in schemas.Where(own => _schemas.ContainsKey(own.Key)))
                grew |= !clashing.Contains(name) && References(schema).Any(clashing.Contains) && clashing.Add(name);
        }
        while (grew);
        return clashing;
    }

    private static List<string> References(JsonNode? node)
    {
        var names = new List<string>();
        Rename(node?.DeepClone(), name =>
        {
            names.Add(name);
            return name;
        });
        return names;
    }

    private static void Rename(JsonNode? node, Func<string, string> nameOf)
    {
        switch (node)
        {
            case JsonObject properties:
                if (properties["$ref"] is JsonValue reference && reference.TryGetValue<string>(out var target) && target.StartsWith(SchemaRef, StringComparison.Ordinal))
                    properties["$ref"] = SchemaRef + nameOf(target[SchemaRef.Length..]);
                foreach (var (_, value) in properties)
                    Rename(value, nameOf);
                break;
            case JsonArray items:
                foreach (var item in items)
                    Rename(item, nameOf);
                break;
        }
    }
}
