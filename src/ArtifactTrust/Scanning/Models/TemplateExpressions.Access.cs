using System.Globalization;

namespace ArtifactTrust.Scanning.Models;

/// <content>What follows a value: attributes, items, calls, filters and tests.</content>
internal sealed partial class TemplateExpressions
{
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
                if (name is "get" or "pop" && argument.Text is { } key && scope.Field(key) is { } field)
                {
                    given = given.Or(new TemplateValue(field));
                }
            }
        );
        if (name is "append" or "insert" or "extend" or "add" or "setdefault")
        {
            scope.BindElement(given);
        }
        if (name is "format" or "format_map" && value.Text is null)
        {
            report?.Invoke("template-obfuscated", $".{name}() of a text that is not written out");
        }
        return new TemplateValue(TemplateFilters.OfMethod(name, value.Origin, given.Origin, scope));
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
        return !isSlice && key.Text is { } name ? Part(value, name)
            : value.Origin is TemplateOrigin.Text or TemplateOrigin.Computed ? new TemplateValue(TemplateOrigin.Computed)
            : isSlice ? new TemplateValue(value.Origin)
            : new TemplateValue(scope.Content(value.Origin) is var content and not TemplateOrigin.Written ? content : TemplateOrigin.Text);
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
        var given = new TemplateValue(TemplateOrigin.Number);
        if (TakeSign("("))
        {
            var from = _at;
            Arguments(
                (parameter, index, argument) =>
                {
                    given = given.Or(argument);
                    var isName =
                        parameter == "attribute" || (parameter is null && index == 0 && name is "selectattr" or "rejectattr" or "groupby");
                    if (isName && TemplateFilters.TakeNames(name))
                    {
                        given =
                            argument.Text is { } field && scope.Field(field) is { } origin ? given.Or(new TemplateValue(origin)) : given;
                        Name(argument, Shown(from, _at), isCalled: false);
                    }
                    else if (name == "map" && parameter is null && index == 0 && argument.Text is null or "attr" or "format")
                    {
                        report?.Invoke("template-obfuscated", $"map({Shown(from, _at)})");
                    }
                }
            );
        }
        return new TemplateValue(TemplateFilters.OfFilter(name, value.Origin, given.Origin, scope));
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
            // Of an extension, which is not known here.
            Take();
            name = "";
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
            || (
                Next is { Kind: TemplateTokenKind.Name }
                && Next.Text is not ("else" or "or" or "and" or "if" or "is" or "not" or "in" or "recursive")
            )
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
            var parameter = TakeSign("**") || TakeSign("*") ? TemplateScope.Unpacked : null;
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
}
