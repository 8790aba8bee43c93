using System.Globalization;
using System.Text;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Scanning.Models;

/// <summary>Reads the expressions of a Jinja template as Jinja does, and follows where the names of attributes come from.</summary>
/// <remarks>
/// <c>x[name]</c> and some filters reach attributes by a name that is a value. A template for chats takes it from its data, or writes it out; one that
/// puts it together has a reason not to write it out.
/// </remarks>
/// <param name="tokens">The words of a block.</param>
/// <param name="scope">What names stand for.</param>
/// <param name="report">Told a rule that is broken, and by what; null while names are only collected.</param>
internal sealed class TemplateExpressions(IReadOnlyList<TemplateToken> tokens, TemplateScope scope, Action<string, string>? report)
{
    /// <summary>From here on a number is no count of anything in a chat.</summary>
    internal const double Large = 1_000_000;

    // Of a list or a mapping they give a part of it, in some order.
    private static readonly HashSet<string> Selections = new(StringComparer.Ordinal)
    {
        "batch",
        "dictsort",
        "fromjson",
        "from_json",
        "groupby",
        "items",
        "list",
        "max",
        "min",
        "reject",
        "rejectattr",
        "reverse",
        "select",
        "selectattr",
        "slice",
        "sort",
        "sum",
        "unique",
    };

    private static readonly HashSet<string> Elements = new(StringComparer.Ordinal) { "first", "last", "random" };

    private static readonly HashSet<string> Counts = new(StringComparer.Ordinal)
    {
        "abs",
        "count",
        "float",
        "int",
        "length",
        "round",
        "wordcount",
    };

    // They leave a text what it is, but for case and blanks.
    private static readonly HashSet<string> Trims = new(StringComparer.Ordinal)
    {
        "capitalize",
        "lower",
        "lstrip",
        "rstrip",
        "safe",
        "strip",
        "title",
        "trim",
        "upper",
    };

    private static readonly HashSet<string> NamingFilters = new(StringComparer.Ordinal)
    {
        "groupby",
        "map",
        "max",
        "min",
        "rejectattr",
        "selectattr",
        "sort",
        "sum",
        "unique",
    };

    private static readonly HashSet<string> Lookups = new(StringComparer.Ordinal) { "copy", "get", "items", "keys", "pop", "split", "values" };

    private int _at;
    private int _depth;

    /// <summary>Whether the words are no expression that can be read.</summary>
    internal bool HasFailed { get; private set; }

    /// <summary>Whether brackets lie too deep inside each other.</summary>
    internal bool IsTooDeep { get; private set; }

    /// <summary>Whether all words are read.</summary>
    internal bool IsOver => _at >= tokens.Count;

    /// <summary>The next word.</summary>
    internal TemplateToken Next => _at < tokens.Count ? tokens[_at] : default;

    /// <summary>Reads a word.</summary>
    internal TemplateToken Take()
    {
        var token = Next;
        _at++;
        return token;
    }

    /// <summary>Reads a word, if it is that operator or bracket.</summary>
    internal bool TakeSign(string sign) => Next.IsSign(sign) && Take().Text == sign;

    /// <summary>Reads a word, if it is that keyword.</summary>
    internal bool TakeName(string name) => Next.IsName(name) && Take().Text == name;

    /// <summary>Gives up: the words are no expression.</summary>
    internal TemplateValue Fail()
    {
        (HasFailed, _at) = (true, tokens.Count);
        return TemplateValue.Data;
    }

    /// <summary>Reads one or more expressions with commas between.</summary>
    internal TemplateValue Several(bool withConditions = true)
    {
        var value = withConditions ? Expression() : Alternatives();
        while (TakeSign(","))
        {
            if (!IsOver && !Next.IsSign("=") && !Next.IsSign(")"))
            {
                value = new TemplateValue(TemplateOrigin.Written).Or(value).Or(withConditions ? Expression() : Alternatives());
            }
        }
        return value;
    }

    /// <summary>Reads one expression.</summary>
    internal TemplateValue Expression()
    {
        if (_depth == Limits.TemplateDepth)
        {
            IsTooDeep = true;
            return Fail();
        }
        _depth++;
        var value = Alternatives();
        while (TakeName("if"))
        {
            Alternatives();
            value = TakeName("else") ? value.Or(Expression()) : value;
        }
        _depth--;
        return value;
    }

    private TemplateValue Alternatives()
    {
        var value = All();
        while (TakeName("or"))
        {
            value = value.Or(All());
        }
        return value;
    }

    private TemplateValue All()
    {
        var value = Comparison();
        while (TakeName("and"))
        {
            value = value.Or(Comparison());
        }
        return value;
    }

    private TemplateValue Comparison()
    {
        var isTruth = false;
        while (TakeName("not"))
        {
            isTruth = true;
        }
        var value = Sum();
        while (Next is { Kind: TemplateTokenKind.Sign, Text: "==" or "!=" or "<" or "<=" or ">" or ">=" } || Next.IsName("in") || Next.IsName("not"))
        {
            isTruth = true;
            if (Take().Text == "not" && !TakeName("in"))
            {
                return Fail();
            }
            Sum();
        }
        return isTruth ? new TemplateValue(TemplateOrigin.Number) : value;
    }

    private TemplateValue Sum()
    {
        var value = Joined();
        while (Next.IsSign("+") || Next.IsSign("-"))
        {
            var isDifference = Take().Text == "-";
            var other = Joined();
            value = isDifference || value.Origin is TemplateOrigin.Number || other.Origin is TemplateOrigin.Number
                ? new TemplateValue(TemplateOrigin.Number)
                : new TemplateValue(Added(value.Origin, other.Origin));
        }
        return value;
    }

    private static TemplateOrigin Added(TemplateOrigin one, TemplateOrigin other) =>
        one is TemplateOrigin.Computed || other is TemplateOrigin.Computed ? TemplateOrigin.Computed
        : one is TemplateOrigin.Written || other is TemplateOrigin.Written ? TemplateOrigin.Written
        : one is TemplateOrigin.Text || other is TemplateOrigin.Text ? TemplateOrigin.Computed
        : TemplateOrigin.Sum;

    private TemplateValue Joined()
    {
        var value = Product();
        while (TakeSign("~"))
        {
            Product();
            value = new TemplateValue(TemplateOrigin.Computed);
        }
        return value;
    }

    private TemplateValue Product()
    {
        var value = Signed();
        while (Next is { Kind: TemplateTokenKind.Sign, Text: "*" or "/" or "//" or "%" })
        {
            var sign = Take().Text;
            var other = Signed();
            if (sign == "*")
            {
                Count(value.Number);
                Count(other.Number);
                value = new TemplateValue(
                    value.Origin is TemplateOrigin.Number && other.Origin is TemplateOrigin.Number ? TemplateOrigin.Number
                        : value.Or(other).Origin is TemplateOrigin.Data ? TemplateOrigin.Sum
                        : value.Origin is TemplateOrigin.Written && other.Origin is TemplateOrigin.Number ? TemplateOrigin.Written
                        : TemplateOrigin.Computed,
                    null,
                    value.Number * other.Number
                );
                Count(value.Number);
            }
            else
            {
                // Only texts are put together by %, and data only by other data.
                value = new TemplateValue(
                    sign != "%" || value.Origin is TemplateOrigin.Number ? TemplateOrigin.Number
                    : value.Origin is TemplateOrigin.Data && other.Origin is TemplateOrigin.Number ? TemplateOrigin.Number
                    : TemplateOrigin.Computed
                );
            }
        }
        return value;
    }

    private TemplateValue Signed()
    {
        var isSigned = TakeSigns();
        var value = Filtered(Postfix(Primary()));
        while (TakeSign("**"))
        {
            TakeSigns();
            var exponent = Filtered(Postfix(Primary()));
            var power = Math.Pow(value.Number ?? 10, exponent.Number ?? Large);
            Count(power);
            value = new TemplateValue(TemplateOrigin.Number, null, power);
        }
        return isSigned ? new TemplateValue(TemplateOrigin.Number, null, value.Number) : value;
    }

    private bool TakeSigns()
    {
        var before = _at;
        while (TakeSign("-") || TakeSign("+"))
        {
            // One after the other.
        }
        return _at > before;
    }

    private TemplateValue Primary()
    {
        var token = Take();
        switch (token.Kind)
        {
            case TemplateTokenKind.Name:
                return token.Text is "true" or "false" or "none" or "True" or "False" or "None"
                    ? new TemplateValue(TemplateOrigin.Number)
                    : Named(token.Text);
            case TemplateTokenKind.Number:
                // A part after a point is read as what it is of: 1.5 is 1 and .5.
                while (Next.IsSign(".") && _at + 1 < tokens.Count && tokens[_at + 1].Kind is TemplateTokenKind.Number)
                {
                    _at += 2;
                }
                return new TemplateValue(TemplateOrigin.Number, null, token.Value);
            case TemplateTokenKind.Text:
                // Texts that follow each other are one.
                var text = new StringBuilder(token.Text);
                while (Next.Kind is TemplateTokenKind.Text)
                {
                    text.Append(Take().Text);
                }
                return new TemplateValue(TemplateOrigin.Text, text.ToString());
            case TemplateTokenKind.Sign when token.Text == "(":
                if (TakeSign(")"))
                {
                    return new TemplateValue(TemplateOrigin.Written);
                }
                var inner = Several();
                return TakeSign(")") ? inner : Fail();
            case TemplateTokenKind.Sign when token.Text == "[":
                return List();
            case TemplateTokenKind.Sign when token.Text == "{":
                return Mapping();
            default:
                return Fail();
        }
    }

    private TemplateValue Named(string name)
    {
        if (!Next.IsSign("("))
        {
            return scope[name];
        }
        Take();
        var value = new TemplateValue(TemplateOrigin.Number);
        Arguments(
            (parameter, index, argument) =>
            {
                value = value.Or(argument) with { Number = argument.Number > (value.Number ?? 0) ? argument.Number : value.Number };
                if (name is "namespace" or "dict" && parameter is not null)
                {
                    scope.BindField(parameter, argument);
                }
                scope.BindArgument(name, parameter, index, argument);
            }
        );
        return name switch
        {
            "range" => new TemplateValue(TemplateOrigin.Number, null, value.Number),
            "namespace" => TemplateValue.Data,
            "dict" => new TemplateValue(TemplateOrigin.Written),
            _ => new TemplateValue(TemplateOrigin.Computed),
        };
    }

    private TemplateValue List()
    {
        var value = new TemplateValue(TemplateOrigin.Written);
        while (!TakeSign("]"))
        {
            var element = Expression();
            value = element.Origin is TemplateOrigin.Computed ? value.Or(element) : value;
            if (!TakeSign(",") && !Next.IsSign("]"))
            {
                return Fail();
            }
        }
        return value;
    }

    private TemplateValue Mapping()
    {
        while (!TakeSign("}"))
        {
            var key = Expression();
            if (!TakeSign(":"))
            {
                return Fail();
            }
            var value = Expression();
            if (key.Text is not null)
            {
                scope.BindField(key.Text, value);
            }
            if (!TakeSign(",") && !Next.IsSign("}"))
            {
                return Fail();
            }
        }
        return new TemplateValue(TemplateOrigin.Written);
    }

    private TemplateValue Postfix(TemplateValue value)
    {
        while (!IsOver)
        {
            if (Next.IsSign(".") && _at + 1 < tokens.Count && tokens[_at + 1].Kind is TemplateTokenKind.Name or TemplateTokenKind.Number)
            {
                Take();
                value = Attribute(value, Take().Text);
            }
            else if (TakeSign("["))
            {
                value = Subscript(value);
            }
            else if (TakeSign("("))
            {
                // What is called here is itself the result of something.
                Arguments((_, _, _) => { });
                value = new TemplateValue(TemplateOrigin.Computed);
            }
            else
            {
                break;
            }
        }
        return value;
    }

    private TemplateValue Attribute(TemplateValue value, string name)
    {
        if (!Next.IsSign("("))
        {
            return Part(value, name);
        }
        Take();
        var given = new TemplateValue(TemplateOrigin.Number);
        Arguments(
            (parameter, index, argument) =>
            {
                given = given.Or(argument);
                scope.BindArgument(name, parameter, index, argument);
            }
        );
        if (name is "format" or "format_map" && value.Text is null)
        {
            report?.Invoke("template-obfuscated", $".{name}() of a text that is not written out");
        }
        return name is "index" or "find" or "rfind" or "count" or "startswith" or "endswith" ? new TemplateValue(TemplateOrigin.Number)
            : value.Origin is TemplateOrigin.Computed || given.Origin is TemplateOrigin.Computed ? new TemplateValue(TemplateOrigin.Computed)
            : Lookups.Contains(name) && value.Origin is not TemplateOrigin.Text ? new TemplateValue(name is "get" ? value.Or(given).Origin : value.Origin)
            : Trims.Contains(name) ? new TemplateValue(TemplateOrigin.Text)
            : new TemplateValue(TemplateOrigin.Computed);
    }

    /// <summary>An attribute or item by a name that is written out.</summary>
    private TemplateValue Part(TemplateValue value, string name) =>
        name is "index" or "index0" or "revindex" or "revindex0" or "length" or "depth" or "depth0" && value.Origin is TemplateOrigin.Data
            ? new TemplateValue(TemplateOrigin.Number)
        : scope.Field(name) is { } field ? new TemplateValue(field)
        : value.Origin is TemplateOrigin.Computed ? new TemplateValue(TemplateOrigin.Computed)
        : TemplateValue.Data;

    private TemplateValue Subscript(TemplateValue value)
    {
        var from = _at;
        var (key, isSlice) = (new TemplateValue(TemplateOrigin.Number), false);
        while (!TakeSign("]"))
        {
            if (TakeSign(":") || TakeSign(","))
            {
                isSlice = true;
            }
            else if (IsOver)
            {
                return Fail();
            }
            else
            {
                key = Expression();
            }
        }
        if (HasFailed)
        {
            return TemplateValue.Data;
        }
        if (!isSlice)
        {
            Name(key, Shown(from, _at - 1), Next.IsSign("("));
        }
        return value.Origin is TemplateOrigin.Text or TemplateOrigin.Computed ? new TemplateValue(TemplateOrigin.Computed)
            : isSlice ? new TemplateValue(value.Origin)
            : key.Text is { } name ? Part(value, name)
            : new TemplateValue(value.Origin is TemplateOrigin.Written ? TemplateOrigin.Text : value.Origin);
    }

    /// <summary>Judges a value that names an attribute or item.</summary>
    private void Name(TemplateValue key, string shown, bool isCalled)
    {
        if (key.Text is { } text)
        {
            if (text.Contains("__", StringComparison.Ordinal) || TemplateNames.IsInternal(text))
            {
                report?.Invoke("template-internals", text);
            }
            else if (isCalled && TemplateNames.IsCall(text))
            {
                report?.Invoke("template-call", text);
            }
        }
        else if (key.Origin is TemplateOrigin.Sum or TemplateOrigin.Computed)
        {
            report?.Invoke("template-obfuscated", shown);
            if (isCalled)
            {
                report?.Invoke("template-call", shown);
            }
        }
    }

    private TemplateValue Filtered(TemplateValue value)
    {
        while (!IsOver)
        {
            if (TakeSign("|"))
            {
                value = Filter(value);
            }
            else if (TakeName("is"))
            {
                TakeName("not");
                Test();
                value = new TemplateValue(TemplateOrigin.Number);
            }
            else if (TakeSign("("))
            {
                Arguments((_, _, _) => { });
                value = new TemplateValue(TemplateOrigin.Computed);
            }
            else
            {
                break;
            }
        }
        return value;
    }

    private TemplateValue Filter(TemplateValue value)
    {
        var name = FilterName();
        var (given, isDefault) = (new TemplateValue(TemplateOrigin.Number), name is "default" or "d");
        if (TakeSign("("))
        {
            var from = _at;
            Arguments(
                (parameter, index, argument) =>
                {
                    given = given.Or(argument);
                    var isName = parameter == "attribute" || (parameter is null && index == 0 && name is "selectattr" or "rejectattr" or "groupby");
                    if (NamingFilters.Contains(name) && isName)
                    {
                        Name(argument, Shown(from, _at), isCalled: false);
                    }
                    else if (name == "map" && parameter is null && index == 0 && argument.Text is null or "attr" or "format")
                    {
                        report?.Invoke("template-obfuscated", $"map({Shown(from, _at)})");
                    }
                }
            );
        }
        return isDefault ? new TemplateValue(value.Or(given).Origin)
            : Counts.Contains(name) ? new TemplateValue(TemplateOrigin.Number)
            : value.Origin is TemplateOrigin.Computed || given.Origin is TemplateOrigin.Computed ? new TemplateValue(TemplateOrigin.Computed)
            : Selections.Contains(name) && value.Origin is not TemplateOrigin.Text ? new TemplateValue(value.Origin)
            : Elements.Contains(name) && value.Origin is TemplateOrigin.Data or TemplateOrigin.Number ? new TemplateValue(value.Origin)
            : Elements.Contains(name) && value.Origin is TemplateOrigin.Written ? new TemplateValue(TemplateOrigin.Text)
            : name == "map" && value.Origin is TemplateOrigin.Data ? TemplateValue.Data
            : Trims.Contains(name) && value.Origin is TemplateOrigin.Data or TemplateOrigin.Number ? new TemplateValue(TemplateOrigin.Text)
            : new TemplateValue(TemplateOrigin.Computed);
    }

    private string FilterName()
    {
        if (Next.Kind is not TemplateTokenKind.Name)
        {
            Fail();
            return "";
        }
        var name = Take().Text;
        while (TakeSign("."))
        {
            name += $".{Take().Text}";
        }
        return name;
    }

    private void Test()
    {
        FilterName();
        if (TakeSign("("))
        {
            Arguments((_, _, _) => { });
        }
        else if (
            Next.Kind is TemplateTokenKind.Text or TemplateTokenKind.Number
            || Next is { Kind: TemplateTokenKind.Sign, Text: "[" or "{" }
            || (Next is { Kind: TemplateTokenKind.Name } && Next.Text is not ("else" or "or" or "and" or "if" or "is" or "not" or "in" or "recursive"))
        )
        {
            // Jinja takes one argument without brackets.
            Postfix(Primary());
        }
    }

    private void Arguments(Action<string?, int, TemplateValue> each)
    {
        for (var index = 0; !TakeSign(")"); index++)
        {
            if (!TakeSign("**"))
            {
                TakeSign("*");
            }
            string? parameter = null;
            if (Next.Kind is TemplateTokenKind.Name && _at + 1 < tokens.Count && tokens[_at + 1].IsSign("="))
            {
                parameter = Take().Text;
                Take();
            }
            var argument = Expression();
            Count(argument.Number);
            each(parameter, index, argument);
            if (!TakeSign(",") && !Next.IsSign(")"))
            {
                Fail();
                break;
            }
        }
    }

    private void Count(double? number)
    {
        if (number >= Large)
        {
            report?.Invoke("template-loop", number.Value.ToString("0", CultureInfo.InvariantCulture));
        }
    }

    private string Shown(int from, int to)
    {
        const int most = 20;
        return string.Join(' ', tokens.Skip(from).Take(Math.Min(to - from, most)).Select(t => t.Text));
    }
}
