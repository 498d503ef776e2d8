using System.Text.Json.Serialization;

namespace OrderMall.Contracts;

/// <summary>What is paid before there is an order. Written <c>none</c>, <c>deposit</c> or <c>full</c>.</summary>
[JsonConverter(typeof(NamedValueConverter<Prepayment>))]
public enum Prepayment
{
    /// <summary>Nothing is paid through the mall.</summary>
    [JsonStringEnumMemberName("none")] None,

    /// <summary>The offer's deposit is charged for each unit ordered.</summary>
    [JsonStringEnumMemberName("deposit")] Deposit,

    /// <summary>The whole price is charged.</summary>
    [JsonStringEnumMemberName("full")] Full,
}

/// <summary>What happens after an order was accepted. Written <c>none</c>, <c>confirmation</c>, <c>delivery</c> or <c>assignment</c>.</summary>
[JsonConverter(typeof(NamedValueConverter<Fulfilment>))]
public enum Fulfilment
{
    /// <summary>Confirmed as soon as the store has it.</summary>
    [JsonStringEnumMemberName("none")] None,

    /// <summary>The merchant confirms or refuses.</summary>
    [JsonStringEnumMemberName("confirmation")] Confirmation,

    /// <summary>A parcel is sent.</summary>
    [JsonStringEnumMemberName("delivery")] Delivery,

    /// <summary>A worker comes.</summary>
    [JsonStringEnumMemberName("assignment")] Assignment,
}

/// <summary>Values by their names alone: a number is a mistake, not a value that happens to have it.</summary>
public sealed class NamedValueConverter<TEnum>() : JsonStringEnumConverter<TEnum>(namingPolicy: null, allowIntegerValues: false)
    where TEnum : struct, Enum;
