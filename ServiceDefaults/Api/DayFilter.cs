using System.Globalization;
using Microsoft.AspNetCore.Http.HttpResults;

namespace OrderMall.ServiceDefaults.Api;

/// <summary>A day in the query of a list, such as <c>?date=2026-12-24</c>.</summary>
public static class DayFilter
{
    /// <summary>Reads it.</summary>
    /// <param name="day">The day, or <see langword="null"/> for any.</param>
    /// <returns>What is wrong with it, or <see langword="null"/>.</returns>
    public static ValidationProblem? Read(string name, string? text, out DateOnly? day)
    {
        day = null;
        if (string.IsNullOrEmpty(text))
            return null;
        if (!DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var read))
            return Problems.Invalid(name, "Must be a day as in 2026-12-24.");
        day = read;
        return null;
    }
}
