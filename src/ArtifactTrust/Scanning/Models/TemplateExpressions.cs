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
internal sealed partial class TemplateExpressions(IReadOnlyList<TemplateToken> tokens, TemplateScope scope, Action<string, string>? report)
{
    /// <summary>From here on a number is no count of anything in a chat.</summary>
    internal const double Large = 1_000_000;

    private int _depth;

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
        while (
            Next is { Kind: TemplateTokenKind.Sign, Text: "==" or "!=" or "<" or "<=" or ">" or ">=" }
            || Next.IsName("in")
            || Next.IsName("not")
        )
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
            value =
                isDifference || value.Origin is TemplateOrigin.Number || other.Origin is TemplateOrigin.Number
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
        var (value, unnamed) = (new TemplateValue(TemplateOrigin.Number), new TemplateValue(TemplateOrigin.Written));
        Arguments(
            (parameter, index, argument) =>
            {
                value = value.Or(argument) with { Number = argument.Number > (value.Number ?? 0) ? argument.Number : value.Number };
                if (name is "namespace" or "dict" && parameter is not (null or TemplateScope.Unpacked))
                {
                    scope.BindField(parameter, argument);
                }
                else
                {
                    unnamed = unnamed.Or(argument);
                }
                scope.BindArgument(name, parameter, index, argument);
            }
        );
        return name switch
        {
            "range" => new TemplateValue(TemplateOrigin.Number, null, value.Number),
            "namespace" or "dict" => new TemplateValue(
                unnamed.Origin is TemplateOrigin.Computed ? TemplateOrigin.Computed : TemplateOrigin.Written
            ),
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
            scope.BindField(key.Text ?? "", value);
            if (!TakeSign(",") && !Next.IsSign("}"))
            {
                return Fail();
            }
        }
        return new TemplateValue(TemplateOrigin.Written);
    }
}
