using System.Collections;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using System.Text.RegularExpressions;
using FluentValidation;
using FluentValidation.Validators;

namespace OrderMall.ServiceDefaults.Api;

/// <summary>
/// Which fields a request, an answer or an event must have, the same for who reads it and who describes it. Where there is a validator of the whole
/// it says so, field by field; else whatever cannot be <see langword="null"/> and has no default must be there.
/// </summary>
public static partial class RequiredFields
{
    private static readonly ConditionalWeakTable<JsonSerializerOptions, JsonSerializerOptions> Demanding = [];

    /// <summary>
    /// Reads the same, and throws <see cref="JsonException"/> where something is missing: what another service or a provider says is not
    /// filled in with zeros, of which one would be an approval.
    /// </summary>
    public static JsonTypeInfo<T> In<T>(JsonTypeInfo<T> type) => (JsonTypeInfo<T>)Demanding.GetValue(
        type.Options, options => new JsonSerializerOptions(options) { TypeInfoResolver = options.TypeInfoResolver!.WithAddedModifier(Demand) }).GetTypeInfo(typeof(T));

    /// <summary>Has requests refused that lack one, or have null in its place or in a list: <see cref="JsonException"/>.</summary>
    internal static void Demand(JsonTypeInfo type, IServiceProviderIsService services)
    {
        if (!services.IsService(ValidatorOf(type.Type)))
            Demand(type);
    }

    private static void Demand(JsonTypeInfo type)
    {
        if (type.Kind != JsonTypeInfoKind.Object)
            return;
        var demanded = type.Properties.Where(IsDemanded).ToList();
        demanded.ForEach(property => property.IsRequired = true);
        var nullable = demanded.Where(property => !property.PropertyType.IsValueType && property.Get is not null).ToArray();
        if (nullable.Length == 0)
            return;
        type.OnDeserialized = read =>
        {
            foreach (var property in nullable)
            {
                if (property.Get!(read) is not { } value || (value is IList list && list.Contains(null)))
                    throw new JsonException("It must not be null.", $"$.{property.Name}", lineNumber: null, bytePositionInLine: null);
            }
        };
    }

    /// <summary>The fields by name.</summary>
    internal static HashSet<string> Of(JsonTypeInfo type, IServiceProvider services) =>
        services.GetService(ValidatorOf(type.Type)) is IValidator validator
            ? [.. validator.CreateDescriptor().Rules.Where(rule => !rule.HasCondition && rule.Components.Any(component => component is { HasCondition: false, Validator: INotNullValidator or INotEmptyValidator }))
                .Select(rule => JsonNamingPolicy.CamelCase.ConvertName(rule.PropertyName))]
            : [.. type.Properties.Where(IsDemanded).Select(property => property.Name)];

    /// <summary>The names of the fields that a request lacks, if that is what is wrong with it.</summary>
    internal static IReadOnlyList<string> MissingIn(JsonException wrong) =>
        Missing().Match(wrong.Message) is { Success: true } missing ? [.. missing.Groups["name"].Captures.Select(capture => capture.Value)] : [];

    private static bool IsDemanded(JsonPropertyInfo property) =>
        property.AssociatedParameter is { HasDefaultValue: false, IsNullable: false } && Nullable.GetUnderlyingType(property.PropertyType) is null;

    private static Type ValidatorOf(Type type) => type.IsByRefLike || type.ContainsGenericParameters ? typeof(IValidator) : typeof(IValidator<>).MakeGenericType(type);

    // The framework's own words, which is the only place where they are.
    [GeneratedRegex("missing required properties including:( '(?<name>[^']+)'[,.;]?)+")]
    private static partial Regex Missing();
}
