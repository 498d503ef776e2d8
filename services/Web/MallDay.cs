using System.Globalization;

namespace OrderMall.Web;

/// <summary>Where the mall is, of <c>Web:TimeZone</c> (an IANA name): pages say times as they are there.</summary>
public sealed class MallDay
{
    private const string Key = "Web:TimeZone";
    private readonly TimeZoneInfo _zone;
    private readonly TimeProvider _time;

    /// <summary>Reads the setting.</summary>
    /// <exception cref="InvalidOperationException">There is no such time zone; the message names the key.</exception>
    public MallDay(IConfiguration configuration, TimeProvider time)
    {
        _time = time;
        var name = configuration[Key] is { Length: > 0 } text ? text : "Asia/Seoul";
        _zone = TimeZoneInfo.TryFindSystemTimeZoneById(name, out var zone)
            ? zone
            : throw new InvalidOperationException($"{Key} is '{name}': it must be a time zone that this machine knows, such as Asia/Seoul.");
    }

    /// <summary>The day it is there.</summary>
    public DateOnly Today => DateOnly.FromDateTime(TimeZoneInfo.ConvertTime(_time.GetUtcNow(), _zone).DateTime);

    /// <summary>A time there, as the page's language writes it.</summary>
    public string Write(DateTimeOffset at) => TimeZoneInfo.ConvertTime(at, _zone).ToString("g", CultureInfo.CurrentCulture);
}

/// <summary>How the page's language writes things.</summary>
public static class Written
{
    private static readonly Dictionary<string, string> Symbols = new() { ["KRW"] = "₩", ["USD"] = "$", ["EUR"] = "€", ["GBP"] = "£", ["JPY"] = "¥" };

    /// <summary>An amount of money.</summary>
    public static string Money(decimal amount, string currency)
    {
        var number = amount.ToString("N" + (Currency.DecimalsOf(currency) ?? 2), CultureInfo.CurrentCulture);
        return currency == "KRW" && Languages.Current == "ko" ? $"{number}원"
            : Symbols.TryGetValue(currency, out var symbol) ? symbol + number
            : $"{number}\u00A0{currency}";
    }

    /// <summary>A day with its day of the week.</summary>
    public static string Day(DateOnly day) => day.ToString(Languages.Current == "ko" ? "yyyy년 M월 d일 (ddd)" : "ddd d MMM yyyy", CultureInfo.CurrentCulture);
}

/// <summary>By what people pay: as ordering is told, whose settings these are.</summary>
/// <param name="All">As the API calls them.</param>
/// <param name="MoveNoMoney">Whether this is a demo.</param>
public sealed record PaymentMethods(IReadOnlyList<string> All, bool MoveNoMoney);
