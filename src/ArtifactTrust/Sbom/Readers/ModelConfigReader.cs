using System.Text.Json;
using ArtifactTrust.Formats;
using ArtifactTrust.Sbom.Reading;

namespace ArtifactTrust.Sbom.Readers;

/// <summary>The JSON files beside a model's weights that say what it is and how it is run.</summary>
/// <remarks>Spec: Hugging Face transformers (config, generation_config, tokenizer_config) and peft (adapter_config).</remarks>
internal sealed class ModelConfigReader : FormatReader
{
    private readonly string _file;
    private readonly Func<JsonElement, FileFacts> _read;

    private ModelConfigReader(string file, string format, Func<JsonElement, FileFacts> read)
    {
        _file = file;
        Format = format;
        _read = read;
    }

    /// <summary>The files of this kind.</summary>
    internal static IReadOnlyList<ModelConfigReader> All { get; } =
    [
        new("config.json", "hf-config", Config),
        new("generation_config.json", "hf-generation-config", Generation),
        new("tokenizer_config.json", "hf-tokenizer-config", Tokenizer),
        new("adapter_config.json", "peft-adapter-config", Adapter),
    ];

    /// <inheritdoc/>
    internal override string Format { get; }

    /// <inheritdoc/>
    internal override FileRole Role => FileRole.Description;

    /// <inheritdoc/>
    internal override string? MediaType => "application/json";

    /// <inheritdoc/>
    internal override bool Recognizes(FileHead head) => head.Name == _file;

    /// <inheritdoc/>
    internal override FileFacts Read(FileHead head, ByteReader input)
    {
        var bytes = input.ReadBytes((ulong)input.Length, Limits.ModelConfigBytes);
        JsonUnicode.Check(bytes, _file);
        var json = StrictJson.Parse(bytes, _file, Limits.ModelConfigBytes);
        if (json.ValueKind != JsonValueKind.Object)
        {
            throw new MalformedDataException(_file, "$", "an object is expected");
        }
        return _read(json) with { MediaType = MediaType };
    }

    private static FileFacts Config(JsonElement json)
    {
        var quantization = Member(json, "quantization_config");
        var properties = new PropertyList("hf")
            .Add("dtype", Text(json, "torch_dtype") ?? Text(json, "dtype"))
            .Add("transformers-version", Text(json, "transformers_version"))
            .Add("name-or-path", Text(json, "_name_or_path"))
            .Add("vocab-size", Text(json, "vocab_size"))
            .Add("quantization-method", quantization is { } q ? Text(q, "quant_method") : null)
            .Add("quantization-config", quantization?.GetRawText())
            // Code of the model's own that a loader runs when told to trust it.
            .AddAll("auto-map", Pairs(json, "auto_map"));
        return new FileFacts("hf-config", FileRole.Description)
        {
            Properties = properties.Items,
            Model = new ModelFacts
            {
                ArchitectureFamily = Text(json, "model_type"),
                Architecture = Texts(json, "architectures") is { Count: > 0 } names ? FileText.Clean(string.Join(", ", names)) : null,
                Properties = properties.Items,
            },
        };
    }

    private static FileFacts Generation(JsonElement json) =>
        new("hf-generation-config", FileRole.Description)
        {
            Properties = new PropertyList("hf")
                .Add("transformers-version", Text(json, "transformers_version"))
                .AddAll("generation", Settings(json, "transformers_version"))
                .Items,
        };

    private static FileFacts Tokenizer(JsonElement json) =>
        new("hf-tokenizer-config", FileRole.Description)
        {
            Properties = new PropertyList("hf")
                .Add("tokenizer-class", Text(json, "tokenizer_class"))
                .Add("model-max-length", Text(json, "model_max_length"))
                .Add(
                    "chat-template",
                    json.TryGetProperty("chat_template", out var t) && t.ValueKind != JsonValueKind.Null ? "present" : null
                )
                .AddAll("auto-map", Pairs(json, "auto_map"))
                .Items,
        };

    private static FileFacts Adapter(JsonElement json)
    {
        var properties = new PropertyList("peft")
            .Add("type", Text(json, "peft_type"))
            .Add("task-type", Text(json, "task_type"))
            .Add("revision", Text(json, "revision"))
            .Add("rank", Text(json, "r"))
            .Add("alpha", Text(json, "lora_alpha"))
            .AddAll("target-module", Modules(json))
            .Items;
        return new FileFacts("peft-adapter-config", FileRole.Description)
        {
            Properties = properties,
            Model = new ModelFacts
            {
                BaseModels = Text(json, "base_model_name_or_path") is { Length: > 0 } name ? [name] : [],
                Properties = properties,
            },
        };
    }

    /// <summary>The modules that are changed: a list of names, or one pattern.</summary>
    private static List<string> Modules(JsonElement json) =>
        Text(json, "target_modules") is { } pattern ? [pattern] : Texts(json, "target_modules");

    private static JsonElement? Member(JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Object ? value : null;

    /// <summary>A member's text: a string's, or a number's or truth value's as written; null for all else.</summary>
    private static string? Text(JsonElement json, string name) => json.TryGetProperty(name, out var value) ? Text(value) : null;

    private static string? Text(JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.String:
                return FileText.Clean(value.GetString());
            case JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False:
                return FileText.Clean(value.GetRawText());
            default:
                return null;
        }
    }

    private static List<string> Texts(JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Array
            ? [.. value.EnumerateArray().Select(Text).OfType<string>().Take(Limits.SbomListedNames)]
            : [];

    private static IEnumerable<string> Pairs(JsonElement json, string name) =>
        Member(json, name) is { } pairs ? Settings(pairs, except: null) : [];

    /// <summary>Members with their values, one or a list of them, such as the tokens that end a text.</summary>
    private static IEnumerable<string> Settings(JsonElement json, string? except) =>
        json.EnumerateObject()
            .Where(m => m.Name != except)
            .Select(m => (m.Name, Value: Text(m.Value) ?? (Texts(json, m.Name) is { Count: > 0 } list ? string.Join(", ", list) : null)))
            .Where(m => m.Value is not null)
            .Take(Limits.SbomListedNames)
            .Select(m => $"{m.Name}: {m.Value}");
}
