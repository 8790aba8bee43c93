using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Scanning.Models;

/// <summary>Settings of a model in JSON: templates that a tokenizer runs, code that a loader fetches and runs, the layers of a Keras model.</summary>
/// <param name="log">Where findings are kept.</param>
/// <param name="siblings">The names of the other files of the model.</param>
internal sealed partial class JsonSettings(ExaminationLog log, IReadOnlySet<string> siblings)
{
    /// <summary>What the architecture of a Keras model is called.</summary>
    internal const string KerasFormat = "Keras configuration";

    /// <summary>What the schema of a skops archive is called.</summary>
    internal const string SkopsFormat = "skops schema";

    // The bytes of one character that is written as an escape.
    private const int MostEscaped = 6;

    private bool _ofModel;

    /// <summary>Examines a text that begins like JSON.</summary>
    /// <returns>What it is; null where it is nothing special.</returns>
    internal string? Examine(ReadOnlyMemory<byte> utf8, string name, Place place)
    {
        JsonDocument document;
        try
        {
            document = Parse(utf8, Limits.JsonDepth);
        }
        catch (JsonException)
        {
            ExamineUnparsed(utf8.Span, place);
            return null;
        }
        catch (MalformedDataException e)
        {
            log.AddGap(place, e.Reason);
            return null;
        }
        using (document)
        {
            var directory = name[..(name.LastIndexOf('/') + 1)];
            var code = new RemoteCode(log, siblings, directory, place);
            if (place.Depth > 0 && name == "schema.json" && document.RootElement.ValueKind == JsonValueKind.Object)
            {
                ExamineSkops(document.RootElement, place, 0);
                return SkopsFormat;
            }
            Walk(document.RootElement, code, place);
            _ofModel |= code.ExamineNamed(document.RootElement, name[directory.Length..]);
            _ofModel |= ShardIndex.Examine(document.RootElement, directory, siblings, log, place);
            if (KerasConfig.IsOne(document.RootElement))
            {
                new KerasConfig(log, place).Examine(document.RootElement);
                return KerasFormat;
            }
        }
        log.Examined |= _ofModel;
        return _ofModel ? "settings of a model" : null;
    }

    /// <summary>What is not JSON for us may be for a loader: it takes more, such as NaN.</summary>
    private void ExamineUnparsed(ReadOnlySpan<byte> utf8, Place place)
    {
        // Piece by piece, each beginning with the end of the one before, where a name may lie.
        const int piece = 1 << 20;
        const int overlap = 1024;
        for (var at = 0; at < utf8.Length; at += piece - overlap)
        {
            var text = Unescaped(utf8.Slice(at, Math.Min(piece, utf8.Length - at)));
            if (Telling().IsMatch(text))
            {
                log.AddGap(place, "it names a template or code of a model, and is no JSON that can be read here");
                if (utf8.Length <= Limits.TemplateLength)
                {
                    new TemplateExaminer(log).Examine(Unescaped(utf8), place);
                }
                return;
            }
        }
    }

    private static string Unescaped(ReadOnlySpan<byte> utf8) =>
        UnicodeEscape().Replace(Encoding.UTF8.GetString(utf8), m => ((char)Convert.ToInt32(m.Groups[1].Value, 16)).ToString());

    private void Walk(JsonElement value, RemoteCode code, Place place)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (var member in value.EnumerateObject())
                {
                    switch (member.Name)
                    {
                        case "auto_map" or "custom_pipelines":
                            _ofModel |= code.ExamineMap(member.Value);
                            break;
                        case "custom_pipeline" when member.Value.ValueKind == JsonValueKind.String:
                            code.ExaminePipelineCode(member.Value.GetString()!, null);
                            break;
                        case "chat_template" or "chat_templates" or "template":
                            _ofModel = true;
                            break;
                        case SettingsImports.Target
                        or SettingsImports.Loader
                        or SettingsImports.Parallel when member.Value.ValueKind == JsonValueKind.String:
                        case var activation when SettingsImports.IsActivation(activation) && member.Value.ValueKind == JsonValueKind.String:
                            _ofModel |= SettingsImports.Examine(member.Name, member.Value.GetString()!, log, place);
                            break;
                        case "auto_mapping" when member.Value.ValueKind == JsonValueKind.Object:
                            _ofModel |= code.ExamineAdapter(member.Value);
                            break;
                        case "attn_implementation" or "_attn_implementation" or "experts_implementation":
                            _ofModel |= code.ExamineKernel(member.Value);
                            break;
                        case "types" when member.Value.ValueKind == JsonValueKind.Object && value.TryGetProperty("structure", out _):
                            _ofModel |= code.ExamineRouter(member.Value);
                            break;
                        case "filters" or "codecs" or "compressor" or "compressors":
                            _ofModel |= ExamineCodecs(member.Value, place);
                            break;
                        case "trust_remote_code" when member.Value.ValueKind == JsonValueKind.True:
                            log.AddOddity("remote-code", place, "trust_remote_code is set");
                            break;
                        default:
                            break;
                    }
                    Walk(member.Value, code, place);
                }
                break;
            case JsonValueKind.Array:
                foreach (var element in value.EnumerateArray())
                {
                    Walk(element, code, place);
                }
                break;
            case JsonValueKind.String when value.ValueEquals("") is false:
                ExamineText(value, place);
                break;
            default:
                break;
        }
    }

    /// <summary>What Zarr passes the values of an array through when it reads them: one codec, or several.</summary>
    /// <returns>Whether one of them unpickles.</returns>
    private bool ExamineCodecs(JsonElement value, Place place)
    {
        if (value.ValueKind == JsonValueKind.Array)
        {
            return value
                .EnumerateArray()
                .Aggregate(false, (any, c) => (c.ValueKind == JsonValueKind.Object && ExamineCodecs(c, place)) || any);
        }
        if (
            value.ValueKind != JsonValueKind.Object
            || !value
                .EnumerateObject()
                .Any(m =>
                    m.Name is "id" or "name"
                    && m.Value.ValueKind == JsonValueKind.String
                    && m.Value.GetString() is "pickle" or "numcodecs.pickle"
                )
        )
        {
            return false;
        }
        log.AddOddity("zarr-pickle", place);
        return true;
    }

    private void ExamineText(JsonElement value, Place place)
    {
        // Most texts are short words of a vocabulary.
        var raw = JsonMarshal.GetRawUtf8Value(value);
        var isEscaped = raw.IndexOf("\\u00"u8) >= 0;
        if (raw.IndexOf("{{"u8) < 0 && raw.IndexOf("{%"u8) < 0 && !isEscaped)
        {
            return;
        }
        if (raw.Length > MostEscaped * Limits.TemplateLength)
        {
            log.AddGap(place, $"a template of more than {Limits.TemplateLength} characters");
            return;
        }
        var text = value.GetString()!;
        if (!isEscaped || text.Contains("{{", StringComparison.Ordinal) || text.Contains("{%", StringComparison.Ordinal))
        {
            new TemplateExaminer(log).Examine(text, place);
        }
    }

    /// <summary>The classes of a skops archive, at any depth.</summary>
    private void ExamineSkops(JsonElement value, Place place, int depth)
    {
        log.Examined = true;
        if (value.ValueKind == JsonValueKind.Array)
        {
            foreach (var element in value.EnumerateArray())
            {
                ExamineSkops(element, place, depth + 1);
            }
            return;
        }
        if (value.ValueKind != JsonValueKind.Object)
        {
            return;
        }
        var (module, name) = (Member(value, "__module__"), Member(value, "__class__"));
        if (module is not null && name is not null)
        {
            // Some loaders take the name from elsewhere: a function's is its content.
            var rule = log.Rules.Judge(module, name);
            log.AddImport(module, name, place, rule?.Id == ModelScanRules.UnlistedImport ? log.Rules["skops-type"] : rule);
        }
        if (Member(value, "__loader__") is "OperatorFuncNode" or "MethodNode" or "ReduceNode" or "FunctionNode" or "PartialNode")
        {
            log.AddOddity("skops-function", place, $"{module}.{Member(value, "content") ?? name}");
        }
        foreach (var member in value.EnumerateObject())
        {
            ExamineSkops(member.Value, place, depth + 1);
        }
    }

    private static string? Member(JsonElement value, string name) =>
        value.TryGetProperty(name, out var member) && member.ValueKind == JsonValueKind.String ? member.GetString() : null;

    /// <summary>
    /// Parses JSON as Python does, which takes halves of characters outside the Basic Multilingual Plane: those are replaced, like bytes that are no
    /// UTF-8, since they are of no matter here and no text of .NET.
    /// </summary>
    /// <exception cref="JsonException">It is no JSON.</exception>
    /// <exception cref="MalformedDataException">It has too many values.</exception>
    internal static JsonDocument Parse(ReadOnlyMemory<byte> utf8, int depth)
    {
        if (utf8.Span.IndexOf("\\ud"u8) >= 0 || utf8.Span.IndexOf("\\uD"u8) >= 0 || !System.Text.Unicode.Utf8.IsValid(utf8.Span))
        {
            utf8 = Repaired(utf8.Span);
        }
        // Twelve bytes are kept of each value: counted before they are.
        var reader = new Utf8JsonReader(utf8.Span, new JsonReaderOptions { MaxDepth = depth });
        for (var values = 0; reader.Read(); values++)
        {
            if (values == Limits.ModelJsonValues)
            {
                throw new MalformedDataException(
                    "JSON",
                    $"byte {reader.BytesConsumed}",
                    $"JSON of more than {Limits.ModelJsonValues} values"
                );
            }
        }
        return JsonDocument.Parse(utf8, new JsonDocumentOptions { MaxDepth = depth });
    }

    /// <summary>A copy of the same length, in which halves of characters are escapes of the replacement character, and bytes that are no UTF-8 are question marks.</summary>
    private static byte[] Repaired(ReadOnlySpan<byte> utf8)
    {
        var copy = utf8.ToArray();
        for (var at = 0; at < copy.Length; )
        {
            var rest = copy.AsSpan(at);
            if (rest[0] == '\\')
            {
                if (
                    rest.Length >= 6
                    && rest[1] == 'u'
                    && (rest[2] | 0x20) == 'd'
                    && char.ToLowerInvariant((char)rest[3]) is '8' or '9' or (>= 'a' and <= 'f')
                )
                {
                    "\\ufffd"u8.CopyTo(rest);
                }
                at += 2;
                continue;
            }
            if (rest[0] >= 0x80 && Rune.DecodeFromUtf8(rest, out _, out var length) == OperationStatus.Done)
            {
                at += length;
                continue;
            }
            rest[0] = rest[0] < 0x80 ? rest[0] : (byte)'?';
            at++;
        }
        return copy;
    }

    [GeneratedRegex(@"\\u([0-9A-Fa-f]{4})", RegexOptions.CultureInvariant)]
    private static partial Regex UnicodeEscape();

    [GeneratedRegex(
        "\"(chat_template|auto_map|auto_mapping|custom_pipelines|_target_|class_name|registered_name|__loader__)\"\\s*:",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture
    )]
    private static partial Regex Telling();
}
