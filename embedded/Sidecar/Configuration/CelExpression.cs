namespace OrderMall.Sidecar;

/// <summary>The kinds of value an expression can have; <see cref="Any"/> is known only when it is evaluated.</summary>
internal enum CelType
{
    Any,
    Number,
    Text,
    Boolean,
    List,
}

/// <summary>An expression outside the subset below, or one that cannot be true or false. The message says which part, and the fix.</summary>
internal sealed class CelException(string message) : Exception(message);

/// <summary>
/// The part of CEL that Dapr's circuit breakers (<c>trip</c>) and routing rules (<c>match</c>) are written in:
/// <c>|| &amp;&amp; ! == != &lt; &lt;= &gt; &gt;= in + - * / %</c>, parentheses, whole numbers, strings, <c>true</c>, <c>false</c>,
/// lists, and dotted names. Function calls, macros, decimals and the ternary operator are not in it.
/// A name without a value equals nothing and is less than nothing, so that a rule about a missing attribute does not match.
/// </summary>
internal sealed class CelExpression
{
    private readonly Func<Func<string, object?>, object?> _evaluate;

    internal CelExpression(string text, Func<Func<string, object?>, object?> evaluate)
    {
        Text = text;
        _evaluate = evaluate;
    }

    public string Text { get; }

    /// <param name="typeOf">The type of a name's value, or <see langword="null"/> for a name that does not exist.</param>
    /// <exception cref="CelException">It is not an expression of the subset, or not one that is true or false.</exception>
    public static CelExpression Parse(string text, Func<string, CelType?> typeOf) => new CelParser(text, typeOf).Parse();

    /// <summary>Whether it is true for the values that <paramref name="valueOf"/> gives (long, string, bool or <see langword="null"/>).</summary>
    public bool IsTrue(Func<string, object?> valueOf) => _evaluate(valueOf) is true;
}
