using System.Text.Json;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Scanning.Models;

/// <summary>Settings that name code which a loader imports: of the model, another repository, or a library.</summary>
/// <param name="log">Where findings are kept.</param>
/// <param name="siblings">The names of the other files of the model.</param>
/// <param name="directory">That of the settings, with <c>/</c> at its end; empty at the top.</param>
/// <param name="place">Where the settings are.</param>
internal sealed class RemoteCode(ExaminationLog log, IReadOnlySet<string> siblings, string directory, Place place)
{
    /// <summary>Examines settings that a loader knows by their name: of a pipeline, of the modules of a sentence transformer.</summary>
    /// <param name="root">The settings.</param>
    /// <param name="file">The name of the file, without directories.</param>
    /// <returns>Whether they are such.</returns>
    internal bool ExamineNamed(JsonElement root, string file)
    {
        switch (file)
        {
            case "model_index.json" or "modular_model_index.json" when root.ValueKind == JsonValueKind.Object:
                ExaminePipeline(root);
                return true;
            case "modules.json" when root.ValueKind == JsonValueKind.Array:
                foreach (var module in root.EnumerateArray().Where(m => m.ValueKind == JsonValueKind.Object))
                {
                    foreach (
                        var type in module.EnumerateObject().Where(m => m.NameEquals("type") && m.Value.ValueKind == JsonValueKind.String)
                    )
                    {
                        ExamineModule(type.Value.GetString()!);
                    }
                }
                return true;
            default:
                return false;
        }
    }

    /// <summary>The classes that a loader takes from Python files, with those files.</summary>
    /// <returns>Whether there are any.</returns>
    internal bool ExamineMap(JsonElement value, int depth = 0)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object when depth < Limits.ModelFileNesting:
                return value.EnumerateObject().Aggregate(false, (any, m) => ExamineMap(m.Value, depth + 1) || any);
            case JsonValueKind.Array when depth < Limits.ModelFileNesting:
                return value.EnumerateArray().Aggregate(false, (any, e) => ExamineMap(e, depth + 1) || any);
            case JsonValueKind.String when value.GetString()! is var reference && reference.Contains('.', StringComparison.Ordinal):
                if (reference.Contains("--", StringComparison.Ordinal))
                {
                    log.AddOddity("remote-code-elsewhere", place, reference);
                }
                else
                {
                    AddFile(reference, reference[..reference.LastIndexOf('.')]);
                }
                return true;
            default:
                return false;
        }
    }

    /// <summary>The code of a pipeline: a file of the model, or the name of a repository.</summary>
    internal void ExaminePipelineCode(string code, string? className)
    {
        var shown = className is null ? code : $"{code}.{className}";
        if (code.Contains('/', StringComparison.Ordinal) || (siblings.Count > 0 && !siblings.Contains(FileOf(code))))
        {
            log.AddOddity("remote-code-elsewhere", place, shown);
        }
        else
        {
            AddFile(shown, code);
        }
    }

    /// <summary>The library and the class that PEFT takes the model below an adapter from.</summary>
    /// <returns>Whether they are named.</returns>
    internal bool ExamineAdapter(JsonElement mapping)
    {
        if (
            !mapping.TryGetProperty("parent_library", out var library)
            || library.ValueKind != JsonValueKind.String
            || library.GetString() is not { Length: > 0 } module
        )
        {
            return false;
        }
        var name =
            mapping.TryGetProperty("base_model_class", out var type) && type.ValueKind == JsonValueKind.String ? type.GetString()! : "*";
        SettingsImports.Judge(module, name, log, place);
        return true;
    }

    /// <summary>The classes between which a router of Sentence Transformers chooses.</summary>
    /// <returns>Whether there are any.</returns>
    internal bool ExamineRouter(JsonElement types)
    {
        var any = false;
        foreach (var type in types.EnumerateObject().Where(t => t.Value.ValueKind == JsonValueKind.String))
        {
            ExamineModule(type.Value.GetString()!);
            any = true;
        }
        return any;
    }

    /// <summary>The implementation of a layer: by the name of a repository it is fetched from there.</summary>
    /// <returns>Whether it is such a name.</returns>
    internal bool ExamineKernel(JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.Object)
        {
            // One for each part of the model.
            return value
                .EnumerateObject()
                .Aggregate(false, (any, m) => m.Value.ValueKind == JsonValueKind.String && ExamineKernel(m.Value) || any);
        }
        if (value.ValueKind != JsonValueKind.String || value.GetString()! is var name && !name.Contains('/', StringComparison.Ordinal))
        {
            return false;
        }
        log.AddOddity("remote-code-elsewhere", place, value.GetString());
        return true;
    }

    private void ExaminePipeline(JsonElement root)
    {
        foreach (var member in root.EnumerateObject().Where(m => m.Value.ValueKind == JsonValueKind.Array))
        {
            // A library and a class; newer forms have more.
            var parts = member
                .Value.EnumerateArray()
                .Take(2)
                .Select(p => p.ValueKind == JsonValueKind.String ? p.GetString() : null)
                .ToList();
            if (parts is not [{ } library, var className])
            {
                // No library, so that the part is left out.
                continue;
            }
            if (member.Name == "_class_name")
            {
                ExaminePipelineCode(library, className);
            }
            else if (!log.Rules.IsStandardOperator("diffusers", library))
            {
                var file = $"{member.Name}/{library}";
                if (siblings.Contains(FileOf(file)))
                {
                    AddFile($"{library}.{className}", file);
                }
                else
                {
                    ExamineImport(library, className ?? "");
                }
            }
        }
    }

    private void ExamineModule(string type)
    {
        var dot = type.LastIndexOf('.');
        if (type.StartsWith("sentence_transformers.", StringComparison.Ordinal) || dot <= 0)
        {
            return;
        }
        // Of a directory it takes the code that is there, and the library's otherwise.
        ExamineImport(type[..dot], type[(dot + 1)..]);
    }

    private void ExamineImport(string module, string name)
    {
        var rule = log.Rules.Judge(module, name);
        log.AddImport(module, name, place, rule?.Id == ModelScanRules.UnlistedImport ? log.Rules["library-import"] : rule);
    }

    private void AddFile(string reference, string module)
    {
        var file = FileOf(module);
        log.AddOddity("remote-code", place, siblings.Contains(file) ? $"{reference}, in {file}" : reference);
    }

    private string FileOf(string module) => $"{directory}{module.Replace('.', '/')}.py";
}
