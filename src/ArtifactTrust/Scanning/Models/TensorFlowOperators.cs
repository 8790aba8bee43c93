namespace ArtifactTrust.Scanning.Models;

/// <summary>Judges the operators and the paths of a graph of TensorFlow.</summary>
/// <param name="log">Where findings are kept.</param>
/// <param name="place">Where the graph is.</param>
/// <param name="operators">Those that functions of the graph have to define.</param>
internal sealed class TensorFlowOperators(ExaminationLog log, Place place, GraphOperators operators)
{
    private const string Format = "tensorflow";

    private bool _sawStandard;

    /// <summary>Other messages may look like a graph, such as a list of pairs of texts; they name no operator of TensorFlow, nor what could be one.</summary>
    internal bool AreLikely => _sawStandard || operators.Undefined.All(o => MayBeOperator(o.Name));

    /// <summary>Judges the operator of a node, or what stands in the place of a function of the graph.</summary>
    internal void Use(string name, long position)
    {
        if (log.Rules.FindOperator(Format, name) is { } rule)
        {
            _sawStandard = true;
            log.AddOddity(rule.Id, place, name, position);
        }
        else if (log.Rules.IsStandardOperator(Format, name))
        {
            _sawStandard = true;
        }
        else if (name.Length > 0)
        {
            operators.Use("", name, position);
        }
    }

    /// <summary>Some operators write to a file, or report to another machine, that an attribute of text names.</summary>
    internal void ExamineAttribute(string text, long position)
    {
        var rule =
            text.StartsWith("file://", StringComparison.Ordinal) ? "tensorflow-file"
            : text.StartsWith("grpc://", StringComparison.Ordinal) ? "tensorflow-network"
            : null;
        if (rule is not null)
        {
            log.AddOddity(rule, place, text, position);
        }
    }

    /// <summary>Judges the operators that neither TensorFlow has, nor a function of the graph is, and begins the next graph.</summary>
    /// <param name="isGraph">Whether it is known to be one.</param>
    internal void End(bool isGraph)
    {
        foreach (var (_, name, position) in isGraph || AreLikely ? operators.Undefined : [])
        {
            log.AddOddity("tensorflow-custom-operator", place, name, position);
        }
        operators.Clear();
        _sawStandard = false;
    }

    /// <summary>Names that TensorFlow takes for operators.</summary>
    private static bool MayBeOperator(string name) =>
        (char.IsAsciiLetterUpper(name[0]) || name[0] == '_') && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '>' or '.');
}
