using Microsoft.AspNetCore.Http.HttpResults;

namespace OrderMall.ServiceDefaults.Api;

/// <summary>The <c>?status=</c> of a list.</summary>
public static class StatusFilter
{
    /// <summary>Reads it.</summary>
    /// <param name="wanted">The status, or <see langword="null"/> for all.</param>
    /// <returns>What is wrong with it, or <see langword="null"/>.</returns>
    public static ValidationProblem? Read<TStatus>(string? text, out TStatus? wanted)
        where TStatus : struct, Enum
    {
        wanted = null;
        if (string.IsNullOrEmpty(text))
            return null;
        // Names alone: parsing would take numbers too.
        if (!Enum.GetNames<TStatus>().Contains(text))
            return Problems.Invalid("status", $"Must be one of {string.Join(", ", Enum.GetNames<TStatus>())}.");
        wanted = Enum.Parse<TStatus>(text);
        return null;
    }
}
