using System.Globalization;
using System.Text;

namespace OrderMall.Sidecar;

/// <summary>Recursive descent over <see cref="CelExpression"/>'s subset; types are checked while parsing.</summary>
internal sealed class CelParser(string text, Func<string, CelType?> typeOf)
{
    // Deeper nesting than anybody writes would only serve to overflow the stack.
    private const int MaxDepth = 50;

    private int _at;
    private int _depth;

    private readonly record struct Term(CelType Type, Func<Func<string, object?>, object?> Evaluate);

    public CelExpression Parse()
    {
        var term = Or();
        SkipSpace();
        if (_at < text.Length)
            throw Mistake($"cannot understand '{text[_at..]}'");
        Require(term, CelType.Boolean, "the whole expression");
        return new CelExpression(text, term.Evaluate);
    }

    private Term Or()
    {
        var left = And();
        while (Take("||"))
        {
            var (a, b) = (Require(left, CelType.Boolean, "the left of ||"), Require(And(), CelType.Boolean, "the right of ||"));
            left = new(CelType.Boolean, values => a(values) is true || b(values) is true);
        }

        return left;
    }

    private Term And()
    {
        var left = Comparison();
        while (Take("&&"))
        {
            var (a, b) = (Require(left, CelType.Boolean, "the left of &&"), Require(Comparison(), CelType.Boolean, "the right of &&"));
            left = new(CelType.Boolean, values => a(values) is true && b(values) is true);
        }

        return left;
    }

    private Term Comparison()
    {
        var left = Sum();
        var a = left.Evaluate;
        if (Take("=="))
        {
            var b = Same(left, Sum(), "==");
            return new(CelType.Boolean, values => Equal(a(values), b(values)));
        }

        if (Take("!="))
        {
            var b = Same(left, Sum(), "!=");
            return new(CelType.Boolean, values => !Equal(a(values), b(values)));
        }

        foreach (var sign in (ReadOnlySpan<string>)["<=", ">=", "<", ">"])
        {
            if (!Take(sign))
                continue;
            if (left.Type is CelType.Boolean or CelType.List)
                throw Mistake($"{sign} compares numbers or texts");
            var b = Same(left, Sum(), sign);
            return new(CelType.Boolean, values => Compare(a(values), b(values)) is { } order && sign switch
            {
                "<=" => order <= 0,
                ">=" => order >= 0,
                "<" => order < 0,
                _ => order > 0,
            });
        }

        if (!TakeWord("in"))
            return left;
        var list = Require(Sum(), CelType.List, "the right of 'in'");
        return new(CelType.Boolean, values => a(values) is { } value && list(values) is object?[] items && items.Any(item => Equal(value, item)));
    }

    private Term Sum()
    {
        var left = Product();
        while (true)
        {
            if (Take("+"))
                left = Arithmetic(left, Product(), "+", static (a, b) => a + b);
            else if (Take("-"))
                left = Arithmetic(left, Product(), "-", static (a, b) => a - b);
            else
                return left;
        }
    }

    private Term Product()
    {
        var left = Unary();
        while (true)
        {
            if (Take("*"))
                left = Arithmetic(left, Unary(), "*", static (a, b) => a * b);
            else if (Take("/"))
                left = Arithmetic(left, Unary(), "/", static (a, b) => b == 0 ? null : a / b);
            else if (Take("%"))
                left = Arithmetic(left, Unary(), "%", static (a, b) => b == 0 ? null : a % b);
            else
                return left;
        }
    }

    private Term Unary()
    {
        if (++_depth > MaxDepth)
            throw Mistake($"it is nested more than {MaxDepth} deep");
        try
        {
            if (!StartsWith("!=") && Take("!"))
            {
                var negated = Require(Unary(), CelType.Boolean, "what follows !");
                return new(CelType.Boolean, values => negated(values) is not true);
            }

            if (Take("-"))
            {
                var number = Require(Unary(), CelType.Number, "what follows -");
                return new(CelType.Number, values => number(values) is long value ? -value : null);
            }

            return Primary();
        }
        finally
        {
            _depth--;
        }
    }

    private Term Primary()
    {
        SkipSpace();
        if (_at == text.Length)
            throw Mistake("it ends where a value is expected");
        var next = text[_at];
        if (Take("("))
        {
            var inner = Or();
            return Take(")") ? inner : throw Mistake("a ')' is missing");
        }

        if (Take("["))
            return List();
        if (next is '"' or '\'')
        {
            var value = Quoted(next);
            return new(CelType.Text, _ => value);
        }

        if (char.IsAsciiDigit(next))
            return Number();
        return char.IsAsciiLetter(next) || next == '_' ? Name() : throw Mistake($"'{next}' is not supported");
    }

    private Term List()
    {
        var items = new List<Func<Func<string, object?>, object?>>();
        if (!Take("]"))
        {
            do
                items.Add(Or().Evaluate);
            while (Take(","));
            if (!Take("]"))
                throw Mistake("a ']' is missing");
        }

        return new(CelType.List, values => items.Select(item => item(values)).ToArray());
    }

    private Term Number()
    {
        var start = _at;
        while (_at < text.Length && char.IsAsciiDigit(text[_at]))
            _at++;
        if (_at < text.Length && text[_at] == '.')
            throw Mistake("decimal numbers are not supported; multiply instead, as in totalFailures * 2 > requests");
        if (!long.TryParse(text.AsSpan(start, _at - start), NumberStyles.None, CultureInfo.InvariantCulture, out var value))
            throw Mistake($"{text[start.._at]} is too large a number");
        object boxed = value;
        return new(CelType.Number, _ => boxed);
    }

    private Term Name()
    {
        var start = _at;
        while (_at < text.Length && (char.IsAsciiLetterOrDigit(text[_at]) || text[_at] is '_' or '.'))
            _at++;
        var name = text[start.._at];
        if (name is "true" or "false")
        {
            object value = name == "true";
            return new(CelType.Boolean, _ => value);
        }

        if (StartsWith("("))
            throw Mistake($"function calls such as {name}(...) are not supported");
        var type = typeOf(name) ?? throw Mistake($"there is no '{name}' here");
        return new(type, values => values(name));
    }

    private string Quoted(char quote)
    {
        var value = new StringBuilder();
        for (_at++; _at < text.Length && text[_at] != quote; _at++)
        {
            if (text[_at] == '\\' && ++_at == text.Length)
                break;
            value.Append(text[_at]);
        }

        if (_at == text.Length)
            throw Mistake($"the closing {quote} is missing");
        _at++;
        return value.ToString();
    }

    private Term Arithmetic(Term left, Term right, string sign, Func<long, long, long?> compute)
    {
        var (a, b) = (Require(left, CelType.Number, $"the left of {sign}"), Require(right, CelType.Number, $"the right of {sign}"));
        return new(CelType.Number, values => a(values) is long x && b(values) is long y ? compute(x, y) : null);
    }

    private Func<Func<string, object?>, object?> Same(Term left, Term right, string sign) =>
        left.Type == right.Type || left.Type == CelType.Any || right.Type == CelType.Any
            ? right.Evaluate
            : throw Mistake($"{sign} compares a {left.Type} with a {right.Type}".ToLowerInvariant());

    private Func<Func<string, object?>, object?> Require(Term term, CelType type, string what) =>
        term.Type == type || term.Type == CelType.Any ? term.Evaluate : throw Mistake($"{what} must be a {type.ToString().ToLowerInvariant()}");

    private static bool Equal(object? a, object? b) => a is not null && b is not null && a.Equals(b);

    private static int? Compare(object? a, object? b) => (a, b) switch
    {
        (long x, long y) => x.CompareTo(y),
        (string x, string y) => string.CompareOrdinal(x, y),
        _ => null,
    };

    private bool Take(string sign)
    {
        if (!StartsWith(sign))
            return false;
        _at += sign.Length;
        return true;
    }

    private bool TakeWord(string word)
    {
        if (!StartsWith(word) || (_at + word.Length < text.Length && char.IsAsciiLetterOrDigit(text[_at + word.Length])))
            return false;
        _at += word.Length;
        return true;
    }

    private bool StartsWith(string sign)
    {
        SkipSpace();
        return string.CompareOrdinal(text, _at, sign, 0, sign.Length) == 0;
    }

    private void SkipSpace()
    {
        while (_at < text.Length && char.IsWhiteSpace(text[_at]))
            _at++;
    }

    private CelException Mistake(string problem) => new($"'{text}': {problem}");
}
