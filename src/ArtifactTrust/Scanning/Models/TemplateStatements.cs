namespace ArtifactTrust.Scanning.Models;

/// <summary>Follows the statements of a Jinja template: what they put in which name, and how often loops run.</summary>
/// <param name="scope">What names stand for.</param>
/// <param name="report">Told a rule that is broken, and by what; null while names are only collected.</param>
internal sealed class TemplateStatements(TemplateScope scope, Action<string, string>? report)
{
    private readonly Stack<double> _loops = new();

    /// <summary>Whether brackets lay too deep inside each other.</summary>
    internal bool IsTooDeep { get; private set; }

    /// <summary>Follows a block.</summary>
    /// <returns>Whether it could be read.</returns>
    internal bool Follow(TemplateBlock block)
    {
        var reader = new TemplateExpressions(block.Tokens, scope, report);
        if (block.IsStatement)
        {
            Statement(reader);
        }
        else if (!reader.IsOver)
        {
            reader.Several();
        }
        IsTooDeep |= reader.IsTooDeep;
        return !reader.HasFailed && reader.IsOver;
    }

    private void Statement(TemplateExpressions reader)
    {
        var word = reader.Take().Text;
        switch (word)
        {
            case "for":
                For(reader);
                break;
            case "endfor":
                _loops.TryPop(out _);
                break;
            case "set":
                Set(reader);
                break;
            case "with":
                while (!reader.IsOver && !reader.HasFailed)
                {
                    Assign(reader, Targets(reader));
                }
                break;
            case "macro":
                Macro(reader);
                break;
            case "call":
                if (reader.TakeSign("("))
                {
                    scope.Define("caller", Parameters(reader));
                }
                reader.Expression();
                break;
            case "filter" or "block" or "raw" or "endraw" or "include" or "import" or "from" or "extends":
                // Texts and names, which are looked at as such.
                while (!reader.IsOver)
                {
                    reader.Take();
                }
                break;
            default:
                // if, elif, print and the like, and what ends them.
                if (!reader.IsOver)
                {
                    reader.Several();
                }
                break;
        }
    }

    private void For(TemplateExpressions reader)
    {
        var targets = Targets(reader);
        if (!reader.TakeName("in"))
        {
            reader.Fail();
            return;
        }
        var values = reader.Several(withConditions: false);
        if (reader.TakeName("if"))
        {
            reader.Expression();
        }
        // A loop that calls itself may be given anything.
        var origin =
            reader.TakeName("recursive") ? TemplateOrigin.Computed
            : values.Origin is TemplateOrigin.Written
                ? scope.HasComputedElement ? TemplateOrigin.Computed
                    : TemplateOrigin.Text
            : values.Origin;
        foreach (var (name, _) in targets)
        {
            scope.Bind(name, new TemplateValue(origin));
        }
        _loops.Push((_loops.TryPeek(out var outer) ? outer : 1) * Math.Max(1, values.Number ?? 1));
        if (_loops.Peek() >= TemplateExpressions.Large && values.Number < TemplateExpressions.Large)
        {
            report?.Invoke("template-loop", "loops inside of loops");
        }
    }

    private void Set(TemplateExpressions reader)
    {
        var targets = Targets(reader);
        if (reader.Next.IsSign("="))
        {
            Assign(reader, targets);
            return;
        }
        // What comes up to the end of the block, through filters: a text that is put together.
        Bind(targets, new TemplateValue(TemplateOrigin.Computed));
        while (!reader.IsOver)
        {
            reader.Take();
        }
    }

    private void Assign(TemplateExpressions reader, List<(string Name, string? Field)> targets)
    {
        if (!reader.TakeSign("="))
        {
            reader.Fail();
            return;
        }
        var value = reader.Several();
        Bind(targets, targets.Count > 1 && value.Origin is TemplateOrigin.Written ? new TemplateValue(TemplateOrigin.Text) : value);
    }

    private void Bind(List<(string Name, string? Field)> targets, TemplateValue value)
    {
        foreach (var (name, field) in targets)
        {
            if (field is null)
            {
                scope.Bind(name, value);
            }
            else
            {
                scope.BindField(field, value);
            }
        }
    }

    /// <summary>Names with commas between, which may be in brackets; of a name with a point, its attribute.</summary>
    private static List<(string Name, string? Field)> Targets(TemplateExpressions reader)
    {
        var targets = new List<(string, string?)>();
        while (!reader.IsOver && !reader.Next.IsName("in") && !reader.Next.IsSign("=") && !reader.Next.IsSign("|"))
        {
            var token = reader.Take();
            if (token.Kind is TemplateTokenKind.Name)
            {
                targets.Add((token.Text, reader.TakeSign(".") ? reader.Take().Text : null));
            }
            else if (!(token.IsSign(",") || token.IsSign("(") || token.IsSign(")")))
            {
                reader.Fail();
            }
        }
        return targets;
    }

    private void Macro(TemplateExpressions reader)
    {
        var name = reader.Take();
        if (name.Kind is not TemplateTokenKind.Name || !reader.TakeSign("("))
        {
            reader.Fail();
            return;
        }
        scope.Define(name.Text, Parameters(reader));
    }

    private List<string> Parameters(TemplateExpressions reader)
    {
        var parameters = new List<string>();
        while (!reader.TakeSign(")"))
        {
            var name = reader.Take();
            if (name.Kind is not TemplateTokenKind.Name)
            {
                reader.Fail();
                break;
            }
            parameters.Add(name.Text);
            if (reader.TakeSign("="))
            {
                scope.Bind(name.Text, reader.Expression());
            }
            reader.TakeSign(",");
        }
        return parameters;
    }
}
