using System.Globalization;
using System.Reflection;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.OpenApi;

namespace OrderMall.ServiceDefaults.Api;

/// <summary>Completes the OpenAPI documents with what the framework cannot see.</summary>
internal static class ApiDescription
{
    public static void Configure(OpenApiOptions options)
    {
        // A converter of its own hides what a value is.
        options.AddSchemaTransformer((schema, context, _) =>
        {
            var type = Nullable.GetUnderlyingType(context.JsonTypeInfo.Type) ?? context.JsonTypeInfo.Type;
            if (type == typeof(decimal))
                schema.Type = JsonSchemaType.Number | (schema.Type.GetValueOrDefault() & JsonSchemaType.Null);
            else if (type == typeof(string) && schema.Type is null)
                schema.Type = JsonSchemaType.String | (context.JsonPropertyInfo is { IsGetNullable: true } ? JsonSchemaType.Null : 0);
            // The framework takes every parameter of a record for required.
            if (schema.Properties is { Count: > 0 })
                schema.Required = RequiredFields.Of(context.JsonTypeInfo, context.ApplicationServices);
            return Task.CompletedTask;
        });
        options.AddOperationTransformer((operation, context, _) =>
        {
            var metadata = context.Description.ActionDescriptor.EndpointMetadata;
            if (metadata.Any(data => data is AuthorizationPolicy or IAuthorizeData))
            {
                MayAnswer(operation, StatusCodes.Status401Unauthorized);
                MayAnswer(operation, StatusCodes.Status403Forbidden);
            }

            // Whatever is asked for by its id may not be there, or be somebody else's.
            if (context.Description.RelativePath?.Contains('{') == true)
                MayAnswer(operation, StatusCodes.Status404NotFound);

            // Parameters that bind themselves are opaque to the framework.
            if (metadata.OfType<MethodInfo>().FirstOrDefault()?.GetParameters().Any(parameter => parameter.ParameterType == typeof(PageRequest)) == true)
            {
                MayAnswer(operation, StatusCodes.Status400BadRequest);
                operation.Parameters ??= [];
                operation.Parameters.Add(Parameter(ParameterLocation.Query, "limit", JsonSchemaType.Integer, "How many items, 1 to 100; 20 by default."));
                operation.Parameters.Add(Parameter(ParameterLocation.Query, "after", JsonSchemaType.String, "The 'next' of the page before."));
            }

            foreach (var header in metadata.OfType<RequestHeader>())
            {
                operation.Parameters ??= [];
                operation.Parameters.Add(Parameter(ParameterLocation.Header, header.Name, JsonSchemaType.String, header.Description));
            }

            return Task.CompletedTask;
        });
    }

    private static void MayAnswer(OpenApiOperation operation, int status) => (operation.Responses ??= []).TryAdd(
        status.ToString(CultureInfo.InvariantCulture),
        new OpenApiResponse
        {
            Description = ReasonPhrases.GetReasonPhrase(status),
            Content = new Dictionary<string, OpenApiMediaType> { ["application/problem+json"] = new() },
        });

    private static OpenApiParameter Parameter(ParameterLocation place, string name, JsonSchemaType type, string description) => new()
    {
        Name = name,
        In = place,
        Description = description,
        Schema = new OpenApiSchema { Type = type },
    };
}
