using System.Reflection;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace OrderMall.ServiceDefaults.Api;

/// <summary>Completes the OpenAPI documents with what the framework cannot see.</summary>
internal static class ApiDescription
{
    public static void Configure(OpenApiOptions options)
    {
        // A converter of its own hides that a decimal is a number.
        options.AddSchemaTransformer((schema, context, _) =>
        {
            if ((Nullable.GetUnderlyingType(context.JsonTypeInfo.Type) ?? context.JsonTypeInfo.Type) == typeof(decimal))
                schema.Type = JsonSchemaType.Number | (schema.Type.GetValueOrDefault() & JsonSchemaType.Null);
            return Task.CompletedTask;
        });
        // Parameters that bind themselves are opaque to it.
        options.AddOperationTransformer((operation, context, _) =>
        {
            var handler = context.Description.ActionDescriptor.EndpointMetadata.OfType<MethodInfo>().FirstOrDefault();
            if (handler?.GetParameters().Any(parameter => parameter.ParameterType == typeof(PageRequest)) != true)
                return Task.CompletedTask;
            operation.Parameters ??= [];
            operation.Parameters.Add(Query("limit", JsonSchemaType.Integer, "How many items, 1 to 100; 20 by default."));
            operation.Parameters.Add(Query("after", JsonSchemaType.String, "The 'next' of the page before."));
            return Task.CompletedTask;
        });
    }

    private static OpenApiParameter Query(string name, JsonSchemaType type, string description) => new()
    {
        Name = name,
        In = ParameterLocation.Query,
        Description = description,
        Schema = new OpenApiSchema { Type = type },
    };
}
