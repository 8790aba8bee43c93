using System.Text;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Scanning.Models;

/// <summary>Examines text: the settings of a model in JSON, templates, and the source code of TorchScript.</summary>
internal sealed class TextExaminer(ModelFileExaminer examiner)
{
    private static readonly string[] TemplateExtensions = [".jinja", ".jinja2", ".j2", ".template", ".tmpl", ".yaml", ".yml"];

    /// <summary>Examines a text.</summary>
    /// <param name="stream">The text.</param>
    /// <param name="name">Its path: templates are told from other text by it, as loaders do.</param>
    /// <param name="place">Where it is.</param>
    /// <returns>What it is; null where that is nothing special.</returns>
    internal string? Examine(Stream stream, string name, Place place)
    {
        if (stream.Length > Limits.ModelJsonBytes)
        {
            // Longer ones are data; what reads them as settings would take minutes.
            return null;
        }
        stream.Position = 0;
        var bytes = new byte[(int)stream.Length];
        bytes = bytes[..stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false)];
        var text = bytes.AsMemory(bytes.AsSpan().StartsWith("\xEF\xBB\xBF"u8) ? 3 : 0);
        var isTemplate = TemplateExtensions.Any(e => name.EndsWith(e, StringComparison.OrdinalIgnoreCase));
        if (!isTemplate && text.Span.TrimStart(" \t\r\n"u8) is [(byte)'{' or (byte)'[', ..])
        {
            return new JsonSettings(examiner.Log, examiner.Siblings).Examine(text, name, place);
        }
        if (isTemplate)
        {
            new TemplateExaminer(examiner.Log).Examine(Encoding.UTF8.GetString(text.Span), place);
            return "template";
        }
        if (TorchScriptCode.IsCode(name) && place.Depth > 0)
        {
            TorchScriptCode.Examine(Encoding.UTF8.GetString(text.Span), examiner.Log, place);
            return "TorchScript source code";
        }
        return null;
    }
}
