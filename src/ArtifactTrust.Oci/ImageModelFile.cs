using ArtifactTrust.Scanning;
using ArtifactTrust.Scanning.Models;

namespace ArtifactTrust.Oci;

/// <summary>Tells the model files of an image from the files of the system and the programs around them.</summary>
/// <remarks>
/// A container is there to run programs: that a file is one (machine code, compiled Python, an archive behind a program) is nothing to report, unless its
/// name is that of a model. Names by which loaders take texts for settings and templates are those of other programs' texts too: they count
/// beside a model. Everything else counts by its content, wherever it lies.
/// </remarks>
internal static class ImageModelFile
{
    private static readonly HashSet<string> OfPrograms = new(StringComparer.Ordinal)
    {
        "native-code",
        "python-bytecode",
        "serialized-objects",
        "zip-appended",
        "7z-appended",
    };

    private static readonly HashSet<string> WeightExtensions = new(StringComparer.OrdinalIgnoreCase)
    {
        ".ckpt",
        ".gguf",
        ".h5",
        ".keras",
        ".onnx",
        ".pt",
        ".pth",
        ".safetensors",
    };

    private static readonly HashSet<string> OtherModelExtensions = new(StringComparer.OrdinalIgnoreCase)
    {
        ".dill",
        ".hdf5",
        ".joblib",
        ".mar",
        ".nemo",
        ".npy",
        ".npz",
        ".pickle",
        ".pkl",
        ".pt2",
        ".skops",
        ".tflite",
    };

    private static readonly HashSet<string> TemplateExtensions = new(StringComparer.OrdinalIgnoreCase)
    {
        ".jinja",
        ".jinja2",
        ".j2",
        ".template",
        ".tmpl",
        ".yaml",
        ".yml",
    };

    // Names that no other program gives its files.
    private static readonly HashSet<string> ModelSettings = new(StringComparer.OrdinalIgnoreCase)
    {
        "adapter_config.json",
        "chat_template.jinja",
        "chat_template.json",
        "generation_config.json",
        "model_index.json",
        "modular_model_index.json",
        "preprocessor_config.json",
        "processor_config.json",
        "special_tokens_map.json",
        "tokenizer.json",
        "tokenizer_config.json",
    };

    private static readonly HashSet<string> OtherSettings = new(StringComparer.OrdinalIgnoreCase) { "config.json", "modules.json" };

    /// <summary>Whether loaders take a file for a template, settings or a graph in text by that name.</summary>
    internal static bool IsTextByName(string path) =>
        TemplateExtensions.Contains(Path.GetExtension(path))
        || ModelSettings.Contains(Path.GetFileName(path))
        || OtherSettings.Contains(Path.GetFileName(path))
        || path.EndsWith(".pbtxt", StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether a name says that a model is in that folder.</summary>
    internal static bool TellsOfModel(string path) =>
        ModelSettings.Contains(Path.GetFileName(path)) || WeightExtensions.Contains(Path.GetExtension(path));

    /// <summary>Whether a file is machine code by its first bytes, which no unpickler takes, and by its name no model.</summary>
    internal static bool IsProgram(string path, ReadOnlySpan<byte> head) =>
        head
            is [0x7f, (byte)'E', (byte)'L', (byte)'F', ..]
                or [0xfe, 0xed, 0xfa, 0xce or 0xcf, ..]
                or [0xce or 0xcf, 0xfa, 0xed, 0xfe, ..]
                or [0xca, 0xfe, 0xba, 0xbe, ..]
        && !HasModelName(path);

    /// <summary>Whether a link may give a text the name that matters, as in a cache of models from a hub: there the names of files are digests.</summary>
    internal static bool MayBecomeText(string path, ReadOnlySpan<byte> content) =>
        Path.GetExtension(path).Length == 0 && !content.Contains((byte)0);

    /// <summary>Whether more is looked for in a text of that name than in one of another: the content alone does not say it.</summary>
    internal static bool IsKnownByName(string path) =>
        TemplateExtensions.Contains(Path.GetExtension(path))
        || Path.GetFileName(path) is "model_index.json" or "modular_model_index.json" or "modules.json";

    /// <summary>Whether a file is text that is nothing special by its content.</summary>
    internal static bool IsPlainText(FileScan scan) => scan.Format.EndsWith("text", StringComparison.Ordinal);

    /// <summary>The folder that a file is in; empty for the root.</summary>
    internal static string FolderOf(string path) => path.LastIndexOf('/') is > 0 and var slash ? path[..slash] : "";

    /// <summary>What counts of what came up in a file.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="scan">What came up; null where it was only looked at.</param>
    /// <param name="isBesideModel">Whether a model is in its folder, or the one above.</param>
    /// <returns>Null where it is no model's.</returns>
    internal static FileScan? Counted(string path, FileScan? scan, bool isBesideModel)
    {
        if (scan is null || scan.Verdict is FileVerdict.NotApplicable)
        {
            return null;
        }
        if (HasModelName(path))
        {
            return scan;
        }
        var takesTemplates = isBesideModel || HoldsTemplates(scan);
        var findings = scan.Findings.Where(f => !OfPrograms.Contains(f.Id) && (takesTemplates || !IsOfTemplates(f))).ToList();
        var verdict =
            findings.Count > 0 ? FileVerdict.Findings
            : scan.Gaps.Count > 0 ? FileVerdict.Inconclusive
            : scan.Verdict is FileVerdict.Clean || scan.Imports.Count > 0 ? FileVerdict.Clean
            : FileVerdict.NotApplicable;
        var isOfOthers = !isBesideModel && findings.Count == 0 && scan.Imports.Count == 0 && IsText(scan);
        return isOfOthers || verdict is FileVerdict.NotApplicable ? null : scan with { Findings = findings, Verdict = verdict };
    }

    private static bool IsText(FileScan scan) => IsPlainText(scan) || scan.Format is "template" or "YAML";

    private static bool IsOfTemplates(Finding finding) =>
        finding.Id.StartsWith("template-", StringComparison.Ordinal) || finding.Id == "yaml-python";

    /// <summary>Whether templates in it are those of a model by what it is, and not by a name.</summary>
    private static bool HoldsTemplates(FileScan scan) =>
        scan.Format.StartsWith("GGUF", StringComparison.Ordinal) || scan.Format == "settings of a model";

    /// <summary>Whether a file of that name is loaded as a model.</summary>
    internal static bool HasModelName(string path) =>
        Path.GetExtension(path) is var extension && (WeightExtensions.Contains(extension) || OtherModelExtensions.Contains(extension));
}
