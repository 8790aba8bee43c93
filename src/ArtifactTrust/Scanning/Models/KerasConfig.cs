using System.Runtime.InteropServices;
using System.Text.Json;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Scanning.Models;

/// <summary>The architecture of a Keras model in JSON: which layers it has, and what loading them imports.</summary>
/// <remarks>
/// Spec: <c>keras.saving.serialization_lib</c>: an object with <c>class_name</c> and <c>config</c> is made again by importing <c>class_name</c> from
/// <c>module</c>; a function has <c>class_name</c> "function" and its name as <c>config</c>. Objects lie at any depth, in texts of JSON too.
/// </remarks>
internal sealed class KerasConfig(ExaminationLog log, Place place)
{
    /// <summary>Whether the JSON is the architecture of a model.</summary>
    internal static bool IsOne(JsonElement root) =>
        root.ValueKind == JsonValueKind.Object
        && root.TryGetProperty("class_name", out var name)
        && name.ValueKind == JsonValueKind.String
        && root.TryGetProperty("config", out _);

    /// <summary>Examines a text of JSON, as HDF5 and SavedModel files hold it.</summary>
    internal void Examine(ReadOnlyMemory<byte> utf8)
    {
        try
        {
            using var document = JsonSettings.Parse(utf8, Limits.KerasConfigDepth);
            Examine(document.RootElement);
        }
        catch (JsonException)
        {
            log.AddGap(place, "the configuration of a Keras model is no JSON");
        }
        catch (MalformedDataException e)
        {
            log.AddGap(place, e.Reason);
        }
    }

    /// <summary>Examines a configuration.</summary>
    internal void Examine(JsonElement root)
    {
        log.Examined = true;
        Walk(root);
    }

    private void Walk(JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Array:
                foreach (var element in value.EnumerateArray())
                {
                    Walk(element);
                }
                break;
            case JsonValueKind.Object:
                ExamineObject(value);
                foreach (var member in value.EnumerateObject())
                {
                    Walk(member.Value);
                }
                break;
            case JsonValueKind.String when JsonMarshal.GetRawUtf8Value(value) is var raw && MayBeConfig(raw):
                // A configuration as text inside of a configuration: some layers write theirs so.
                if (raw.Length > Limits.ModelConfigBytes)
                {
                    log.AddGap(place, $"a configuration in a text of more than {Limits.ModelConfigBytes} bytes");
                }
                else if (value.GetString() is ['{', ..] text)
                {
                    Examine(System.Text.Encoding.UTF8.GetBytes(text));
                }
                break;
            default:
                break;
        }
    }

    private void ExamineObject(JsonElement value)
    {
        var (module, name, registered) = (Texts(value, "module"), Texts(value, "class_name"), Texts(value, "registered_name"));
        // Every value of a repeated member counts: it is not known which one a loader takes.
        foreach (var className in name)
        {
            ExamineClass(className, value);
            var isFunction = className is "function" or "__function__";
            var imports = isFunction ? Texts(value, "config").Concat(registered).ToList() : [className];
            foreach (var (from, imported) in module.SelectMany(m => imports.Select(f => (m, f))))
            {
                Import(from, imported, isFunction);
            }
        }
        foreach (var full in registered)
        {
            var (package, last) = full.IndexOf('>', StringComparison.Ordinal) is var at and >= 0
                ? (full[..at], full[(at + 1)..])
                : ("", full);
            ExamineClass(last, value);
            if (package.Length > 0 && !package.StartsWith("keras", StringComparison.Ordinal))
            {
                log.AddOddity("keras-custom-object", place, full);
            }
        }
        if (name.Count == 0 && module.Count > 0 && registered.Count > 0)
        {
            foreach (var (from, imported) in module.SelectMany(m => registered.Select(f => (m, f))))
            {
                Import(from, imported, isFunction: false);
            }
        }
    }

    private void ExamineClass(string name, JsonElement value)
    {
        // Registered names carry their package: keras.layers>Lambda.
        var last = name[(name.LastIndexOfAny(['>', '.']) + 1)..];
        if (log.Rules.FindOperator("keras", last) is { } rule)
        {
            log.AddOddity(rule.Id, place, last + Function(value));
        }
        if (value.TryGetProperty("config", out var config) && config.ValueKind == JsonValueKind.Object)
        {
            foreach (
                var file in config
                    .EnumerateObject()
                    .Where(m => m.Value.ValueKind == JsonValueKind.String && log.Rules.Keras.IsFile(last, m.Name))
            )
            {
                log.AddOddity("keras-file", place, $"{last}, {file.Name} {file.Value.GetString()}");
            }
        }
    }

    /// <summary>What a Lambda layer calls, as far as it says.</summary>
    private static string Function(JsonElement value) =>
        value.TryGetProperty("config", out var config)
        && config.ValueKind == JsonValueKind.Object
        && config.TryGetProperty("function", out var function)
            ? function.ValueKind switch
            {
                JsonValueKind.String => $" ({function.GetString()!})",
                _ => " (with code of its own)",
            }
            : "";

    private void Import(string module, string name, bool isFunction)
    {
        var judged = log.Rules.Judge(module, name);
        if (judged?.Id != ModelScanRules.UnlistedImport)
        {
            log.AddImport(module, name, place, judged);
            return;
        }
        // Keras takes its own objects only, and Python's functions by a name that has to be registered.
        var isOwn =
            log.Rules.Keras.Has(module, name, isFunction) || (module == "builtins" && name.All(c => char.IsLetterOrDigit(c) || c == '_'));
        log.AddImport(module, name, place, isOwn ? null : log.Rules["keras-import"]);
    }

    /// <summary>Whether a text, as it is written, may have that word in it.</summary>
    private static bool MayBeConfig(ReadOnlySpan<byte> raw) => raw.IndexOf("class_name"u8) >= 0 || raw.IndexOf("\\u"u8) >= 0;

    /// <summary>The different texts that a member has, which may be there several times.</summary>
    private List<string> Texts(JsonElement value, string name)
    {
        // Every one is combined with every other: of a module, and of a name.
        const int most = 20;
        List<string> texts =
        [
            .. value
                .EnumerateObject()
                .Where(m => m.NameEquals(name) && m.Value.ValueKind == JsonValueKind.String)
                .Select(m => m.Value.GetString()!)
                .Distinct()
                .Take(most),
        ];
        if (texts.Count == most)
        {
            log.AddGap(place, $"an object says {name} many times");
        }
        return texts;
    }
}
