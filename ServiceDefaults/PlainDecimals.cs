namespace OrderMall.ServiceDefaults;

/// <summary>Decimals without zeros at their end.</summary>
public static class PlainDecimals
{
    // Dividing by one with a full scale drops trailing zeros (see decimal's documentation on scale).
    private const decimal One = 1.0000000000000000000000000000m;

    /// <summary>The same number, written with no more decimals than it needs: 12000.00 as 12000.</summary>
    public static decimal Plain(this decimal value) => value / One;
}
