using System.Text.RegularExpressions;

namespace ArtifactTrust.Scanning.Models;

/// <summary>Source code in a TorchScript archive: what it calls beside the operators of PyTorch.</summary>
/// <remarks>
/// TorchScript is a small language without files or programs. What reaches out of it are operators: of libraries that are loaded besides, and a few of
/// PyTorch's own. Words of Python that it does not have tell that the archive was made for something else to read.
/// </remarks>
internal static partial class TorchScriptCode
{
    private static readonly HashSet<string> OwnOperators = new(StringComparer.Ordinal)
    {
        "aten",
        "prim",
        "prims",
        "quantized",
        "sparse",
        "_quantized",
        "torchvision",
        "torchaudio",
        "inductor",
        "mkldnn",
        "mkldnn_prepacked",
        "static_runtime",
        "profiler",
        "onednn",
        "xnnpack",
        "prepacked",
        "metal_prepacked",
        "vulkan_prepacked",
    };

    /// <summary>Whether a member of an archive is source code of a model.</summary>
    internal static bool IsCode(string name) =>
        name.EndsWith(".py", StringComparison.Ordinal)
        && (name.StartsWith("code/", StringComparison.Ordinal) || name.Contains("/code/", StringComparison.Ordinal));

    /// <summary>Looks into source code.</summary>
    internal static void Examine(string code, ExaminationLog log, Place place)
    {
        log.Examined = true;
        // One after the other: a collection would keep them all.
        for (var match = Operator().Match(code); match.Success; match = match.NextMatch())
        {
            var library = match.Groups["library"].Value;
            var name = $"{library}.{match.Groups["name"].Value}";
            if (log.Rules.FindOperator("torchscript", name) is not null)
            {
                log.AddOddity("torchscript-operator", place, name, match.Index);
            }
            else if (!OwnOperators.Contains(library))
            {
                log.AddOddity("custom-operator", place, name, match.Index);
            }
        }
        for (var match = Python().Match(code); match.Success; match = match.NextMatch())
        {
            log.AddOddity("torchscript-python", place, match.Value.Trim(), match.Index);
        }
    }

    [GeneratedRegex(@"\bops\.(?<library>[A-Za-z_]\w*)\.(?<name>\w+)", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex Operator();

    // Imports of anything but the archive's own names and torch, and what Python runs code with.
    [GeneratedRegex(
        @"^[ \t]*(from|import)[ \t]+(?!__torch__\b|torch\b)\w[\w.]*|\b(eval|exec|__import__|getattr|setattr|globals|locals|compile|open)[ \t]*\(|\b(os|sys|subprocess|socket|builtins|importlib|ctypes|shutil)\.\w+|\btorch\.(load|save|from_file|hub|jit)\b",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture | RegexOptions.Multiline
    )]
    private static partial Regex Python();
}
