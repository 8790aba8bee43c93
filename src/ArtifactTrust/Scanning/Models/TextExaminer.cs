using System.Text;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Scanning.Models;

/// <summary>Examines text: the settings of a model in JSON, templates, graphs in text, and the source code of TorchScript.</summary>
internal sealed class TextExaminer(ModelFileExaminer examiner)
{
    private static readonly string[] TemplateExtensions = [".jinja", ".jinja2", ".j2", ".template", ".tmpl", ".yaml", ".yml"];

    private const string Mlflow = "MLmodel";

    // The names that loaders read settings from.
    private static readonly HashSet<string> Settings = new(StringComparer.OrdinalIgnoreCase)
    {
        "adapter_config.json",
        "chat_template.json",
        "config.json",
        "generation_config.json",
        "model_index.json",
        "modular_model_index.json",
        "modules.json",
        "preprocessor_config.json",
        "processor_config.json",
        "special_tokens_map.json",
        "tokenizer.json",
        "tokenizer_config.json",
    };

    /// <summary>Examines a text.</summary>
    /// <param name="stream">The text.</param>
    /// <param name="name">Its path: templates are told from other text by it, as loaders do.</param>
    /// <param name="place">Where it is.</param>
    /// <returns>What it is; null where that is nothing special.</returns>
    internal string? Examine(Stream stream, string name, Place place)
    {
        var isTemplate = IsTemplate(name);
        var isCode = place.Depth > 0 && TorchScriptCode.IsCode(name);
        stream.Position = 0;
        var head = new byte[(int)Math.Min(stream.Length, FileFormat.HeadBytes)];
        stream.ReadExactly(head);
        var isJson = !isTemplate && head.AsSpan(Mark(head)).TrimStart(" \t\r\n"u8) is [] or [(byte)'{' or (byte)'[', ..];
        if (!isTemplate && !isCode && !isJson)
        {
            return new GraphText(examiner.Log, stream, place).Examine();
        }
        if (stream.Length > Limits.ModelJsonBytes)
        {
            // Longer ones are data, unless a loader takes them for settings by their name.
            if (isTemplate || isCode || IsSettings(name))
            {
                examiner.Log.AddGap(place, $"settings of more than {Limits.ModelJsonBytes} bytes");
            }
            return null;
        }
        var bytes = new byte[(int)stream.Length];
        stream.Position = 0;
        stream.ReadExactly(bytes);
        var text = bytes.AsMemory(Mark(bytes));
        if (isJson)
        {
            return new JsonSettings(examiner.Log, examiner.Siblings).Examine(text, name, place);
        }
        if (isTemplate)
        {
            var template = Decode(text.Span);
            new TemplateExaminer(examiner.Log).Examine(template, place);
            if (!IsYaml(name))
            {
                return "template";
            }
            YamlTags.Examine(template, examiner.Log, place);
            return "YAML";
        }
        TorchScriptCode.Examine(Encoding.UTF8.GetString(text.Span), examiner.Log, place);
        return "TorchScript source code";
    }

    /// <summary>Whether loaders take a file of that name for a template, settings or a graph in text.</summary>
    internal static bool IsTextByName(string name) =>
        IsTemplate(name) || IsSettings(name) || name.EndsWith(".pbtxt", StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether settings of a model are beside a file of source code, or where its loader looks from there.</summary>
    internal static bool HasSettingsBeside(string name, IReadOnlySet<string> siblings)
    {
        var directory = name[..(name.LastIndexOf('/') + 1)];
        if (HasSettings(directory, siblings) || siblings.Contains($"{directory}{Mlflow}"))
        {
            return true;
        }
        var parent = directory.Length == 0 ? "" : directory[..(directory.LastIndexOf('/', directory.Length - 2) + 1)];
        var last = directory[parent.Length..].TrimEnd('/');
        // How transformers generates; a version of a model that Triton serves; what MLflow puts on the path of modules.
        return (last == "custom_generate" && HasSettings(parent, siblings))
            || (last.Length > 0 && last.All(char.IsAsciiDigit) && siblings.Contains($"{parent}config.pbtxt"))
            || (
                $"/{directory}".IndexOf("/code/", StringComparison.Ordinal) is var code and >= 0
                && siblings.Contains($"{directory[..code]}{Mlflow}")
            );
    }

    private static bool HasSettings(string directory, IReadOnlySet<string> siblings) => Settings.Any(s => siblings.Contains(directory + s));

    private static bool IsTemplate(string name) =>
        TemplateExtensions.Any(e => name.EndsWith(e, StringComparison.OrdinalIgnoreCase)) || IsMlflow(name);

    private static bool IsYaml(string name) =>
        name.EndsWith(".yaml", StringComparison.OrdinalIgnoreCase)
        || name.EndsWith(".yml", StringComparison.OrdinalIgnoreCase)
        || IsMlflow(name);

    /// <summary>Whether it is what MLflow calls the description of a model.</summary>
    private static bool IsMlflow(string name) => name[(name.LastIndexOf('/') + 1)..] == Mlflow;

    private static bool IsSettings(string name) => Settings.Contains(name[(name.LastIndexOf('/') + 1)..]);

    /// <summary>Text as PyYAML decodes it: UTF-16 where its mark says so, otherwise UTF-8.</summary>
    private static string Decode(ReadOnlySpan<byte> text) =>
        text switch
        {
            [0xFF, 0xFE, ..] => Encoding.Unicode.GetString(text[2..]),
            [0xFE, 0xFF, ..] => Encoding.BigEndianUnicode.GetString(text[2..]),
            _ => Encoding.UTF8.GetString(text),
        };

    /// <summary>The length of the mark that some editors put before UTF-8 text.</summary>
    private static int Mark(ReadOnlySpan<byte> text) => text is [0xEF, 0xBB, 0xBF, ..] ? 3 : 0;
}
