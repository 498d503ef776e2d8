using System.Collections.Frozen;
using FluentValidation;

namespace OrderMall.Contracts;

/// <summary>The currencies there are (ISO 4217, list one), and what an amount in each may be: wherever one is read, this decides.</summary>
public static class Currency
{
    /// <summary>The highest amount of one unit, and of one order, in any currency.</summary>
    public const decimal HighestAmount = 1_000_000_000m;

    // Gold, test codes and the like are in the list too, but have no decimals: nothing costs so much of them.
    private static readonly FrozenDictionary<string, int> Decimals = new[]
    {
        (Decimals: 0, Codes: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"),
        (Decimals: 2, Codes: """
            AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CNY COP COU CRC CUP CVE
            CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK
            LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON
            RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST
            XCD XCG YER ZAR ZMW ZWG
            """),
        (Decimals: 3, Codes: "BHD IQD JOD KWD LYD OMR TND"),
        (Decimals: 4, Codes: "CLF UYW"),
    }.SelectMany(few => few.Codes.Split([' ', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries).Select(code => (Code: code, few.Decimals)))
        .ToFrozenDictionary(known => known.Code, known => known.Decimals, StringComparer.Ordinal);

    /// <summary>How many decimals amounts in a currency have.</summary>
    /// <param name="code">ISO 4217, in capitals.</param>
    /// <returns><see langword="null"/> where there is no such currency.</returns>
    public static int? DecimalsOf(string? code) => code is not null && Decimals.TryGetValue(code, out var decimals) ? decimals : null;

    /// <summary>What is wrong with an amount: that it is out of range, or has more decimals than its currency.</summary>
    /// <param name="code">ISO 4217. Where there is no such currency, that is another field's mistake.</param>
    /// <returns><see langword="null"/> where nothing is.</returns>
    public static string? Refusal(decimal? amount, string? code) => amount switch
    {
        null => null,
        < 0 or > HighestAmount => $"Must be an amount from 0 to {HighestAmount:0}.",
        { } some when DecimalsOf(code) is { } decimals && decimal.Round(some, decimals) != some => decimals == 0
            ? $"Must be a whole number: {code} has no decimals."
            : $"Must have at most {decimals} decimals, as {code} has.",
        _ => null,
    };

    /// <summary>An amount in a currency that may be another field.</summary>
    public static IRuleBuilderOptions<T, decimal?> AmountIn<T>(this IRuleBuilder<T, decimal?> rule, Func<T, string?> currency) => rule
        .Must((whole, amount) => Refusal(amount, currency(whole)) is null).WithMessage((whole, amount) => Refusal(amount, currency(whole)));

    /// <summary>The code of a currency that there is.</summary>
    public static IRuleBuilderOptions<T, string?> CurrencyCode<T>(this IRuleBuilder<T, string?> rule) => rule
        .NotNull().WithMessage("Say in which currency: give its ISO 4217 code, such as KRW.")
        .Must(code => code is null || DecimalsOf(code) is not null).WithMessage("Must be the ISO 4217 code of a currency in use, such as KRW.");
}
