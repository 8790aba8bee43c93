using System.Text.RegularExpressions;

namespace ArtifactTrust.Scanning.Models;

/// <summary>Settings from which frameworks import and call what they name, wherever it is from.</summary>
/// <remarks>
/// Hydra, and with it NeMo and others: <c>_target_: package.Class</c>. MLflow: <c>loader_module: package.module</c>. PEFT: <c>auto_mapping</c>,
/// <c>megatron_core</c>. Sentence Transformers: activation functions, and the classes of a router. What a framework is made of itself is no finding, unless it is denied: settings are full of it.
/// </remarks>
internal static partial class SettingsImports
{
    /// <summary>The member that holds what Hydra makes an object of.</summary>
    internal const string Target = "_target_";

    /// <summary>The member that holds the module by which MLflow loads a model.</summary>
    internal const string Loader = "loader_module";

    /// <summary>The member that holds the module by which PEFT reaches layers that are spread over machines.</summary>
    internal const string Parallel = "megatron_core";

    private const string Everything = "*";

    /// <summary>Whether a member names an activation function, which is a path where it has a dot.</summary>
    internal static bool IsActivation(string member) =>
        member is "activation_function" or "activation_fn" or "sbert_ce_default_activation_function";

    /// <summary>Judges the value of a member.</summary>
    /// <param name="member"><see cref="Target"/>, <see cref="Loader"/>, <see cref="Parallel"/> or an activation; nothing else is judged.</param>
    /// <param name="value">What it names.</param>
    /// <param name="log">Where findings are kept.</param>
    /// <param name="place">Where the settings are.</param>
    /// <param name="position">Where in them.</param>
    /// <returns>Whether it is such a member.</returns>
    internal static bool Examine(string member, string value, ExaminationLog log, Place place, long? position = null)
    {
        var isActivation = IsActivation(member) && value.Contains('.', StringComparison.Ordinal);
        if ((member is Target or Loader or Parallel || isActivation) && value.Length > 0)
        {
            var dot = member is Target || isActivation ? value.LastIndexOf('.') : -1;
            var (module, name) = dot > 0 ? (value[..dot], value[(dot + 1)..]) : (value, Everything);
            Judge(module, name, log, place, position);
            return true;
        }
        return false;
    }

    /// <summary>Judges what is imported from a module.</summary>
    internal static void Judge(string module, string name, ExaminationLog log, Place place, long? position = null)
    {
        var rule = log.Rules.Judge(module, name);
        if (rule?.Id == ModelScanRules.UnlistedImport)
        {
            var dot = module.IndexOf('.', StringComparison.Ordinal);
            var package = dot < 0 ? module : module[..dot];
            // A module leads on to those it imported itself: what comes behind the package is a path.
            rule = dot < 0 ? rule : log.Rules.Judge(package, $"{module[(dot + 1)..]}.{name}");
            if (rule?.Id == ModelScanRules.UnlistedImport)
            {
                rule = log.Rules.IsStandardOperator("settings", package) ? null : log.Rules["settings-import"];
            }
        }
        log.AddImport(module, name, place, rule, position);
    }

    /// <summary>Judges what a text names that is not parsed.</summary>
    internal static void ExamineText(string text, ExaminationLog log, Place place)
    {
        foreach (Match match in Member().Matches(text))
        {
            Examine(match.Groups["member"].Value, match.Groups["value"].Value, log, place);
        }
    }

    [GeneratedRegex(
        @"(?<member>_target_|loader_module)\\*[""']?\s*:\s*\\*[""']?(?<value>[\w.]+)",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture
    )]
    private static partial Regex Member();
}
