using ArtifactTrust.Formats;
using ArtifactTrust.Sbom.Licenses;
using ArtifactTrust.Sbom.Reading;

namespace ArtifactTrust.Sbom.Readers;

/// <summary>The front matter of a README: the metadata of a model or dataset card. The prose below it is not read.</summary>
/// <remarks>Spec: Hugging Face Hub, "Model Cards" and "Dataset Cards" metadata.</remarks>
internal sealed class ReadmeReader : FormatReader
{
    private const string Named = "README front matter";

    /// <inheritdoc/>
    internal override string Format => "model-card";

    /// <inheritdoc/>
    internal override FileRole Role => FileRole.Description;

    /// <inheritdoc/>
    internal override string? MediaType => "text/markdown";

    /// <inheritdoc/>
    internal override bool Recognizes(FileHead head)
    {
        if (head.Name != "readme.md")
        {
            return false;
        }
        var start = SkipMark(head.Start);
        return start.StartsWith("---\n"u8) || start.StartsWith("---\r\n"u8);
    }

    /// <inheritdoc/>
    internal override FileFacts Read(FileHead head, ByteReader input)
    {
        var card = Card(input.ReadBytes((ulong)Math.Min(input.Length, Limits.FrontMatterBytes), Limits.FrontMatterBytes));
        var licenses = LicensesOf(card);
        var properties = new PropertyList("card")
            .Add("pretty-name", card["pretty_name"]?.Scalar)
            .Add("library", card["library_name"]?.Scalar)
            .AddAll("language", Listed(card, "language"))
            .AddAll("tag", Listed(card, "tags"))
            .AddAll("task-category", Listed(card, "task_categories"))
            .AddAll("size-category", Listed(card, "size_categories"))
            .AddAll("source-dataset", Listed(card, "source_datasets"))
            .Items;
        return new FileFacts(Format, Role)
        {
            MediaType = MediaType,
            Model = new ModelFacts
            {
                Task = Text(card["pipeline_tag"]),
                Licenses = licenses,
                BaseModels = [.. Listed(card, "base_model")],
                BaseModelRelation = Text(card["base_model_relation"]),
                Datasets = [.. Listed(card, "datasets")],
                TestDatasets = [.. TestDatasets(card["model-index"])],
                Metrics = Metrics(card["model-index"]),
                Properties = properties,
            },
            Dataset = new DatasetFacts
            {
                Name = Text(card["pretty_name"]),
                Licenses = licenses,
                Properties = properties,
            },
        };
    }

    /// <summary>The front matter of a README.</summary>
    /// <param name="readme">The file, or its first <see cref="Limits.FrontMatterBytes"/>.</param>
    /// <exception cref="MalformedDataException">There is none, it has no end, or it is no mapping in YAML without anchors and tags.</exception>
    internal static YamlNode Card(ReadOnlySpan<byte> readme)
    {
        var card = YamlNode.Parse(FrontMatter(SkipMark(readme[..Math.Min(readme.Length, Limits.FrontMatterBytes)])));
        return card.Scalar is null && !card.IsList ? card : throw new MalformedDataException(Named, "$", "a mapping is expected");
    }

    /// <summary>The text between the two lines of three hyphens.</summary>
    private static string FrontMatter(ReadOnlySpan<byte> bytes)
    {
        if (!bytes.StartsWith("---\n"u8) && !bytes.StartsWith("---\r\n"u8))
        {
            throw new MalformedDataException(Named, "$", "the file does not start with a line of three hyphens");
        }
        var text = FileText.Decode(bytes);
        var begin = text.IndexOf('\n', StringComparison.Ordinal) + 1;
        for (var line = begin; line < text.Length; )
        {
            var next = text.IndexOf('\n', line);
            var end = next < 0 ? text.Length : next;
            if (text.AsSpan(line, end - line).TrimEnd('\r') is "---")
            {
                return text[begin..line];
            }
            line = end + 1;
        }
        throw new MalformedDataException(Named, "$", $"no line of three hyphens ends it within {Limits.FrontMatterBytes} bytes");
    }

    private static ReadOnlySpan<byte> SkipMark(ReadOnlySpan<byte> bytes) => bytes.StartsWith("\uFEFF"u8) ? bytes[3..] : bytes;

    private static string? Text(YamlNode? node) => FileText.Clean(node?.Scalar) is { Length: > 0 } text ? text : null;

    private static IEnumerable<string> Listed(YamlNode card, string name) =>
        (card[name]?.Texts ?? [])
            .Where(t => !string.IsNullOrWhiteSpace(t))
            .Select(t => FileText.Clean(t)!)
            .Distinct()
            .Take(Limits.SbomListedNames);

    private static SbomLicense[] LicensesOf(YamlNode card)
    {
        var link = card["license_link"]?.Scalar;
        return
        [
            .. Listed(card, "license")
                // "other" says that the name is elsewhere.
                .Select(stated =>
                    stated == "other" && Text(card["license_name"]) is { } name
                        ? SbomLicense.OfName(name, Iri.OrNull(link))
                        : LicenseParser.Parse(stated, link)
                )
                .OfType<SbomLicense>()
                .Distinct(),
        ];
    }

    /// <summary>The datasets of the results: by their identifiers, which <c>type</c> holds, as training data are named too.</summary>
    private static IEnumerable<string> TestDatasets(YamlNode? index) =>
        (index?.Items ?? [])
            .SelectMany(m => m["results"]?.Items ?? [])
            .Select(r => Text(r["dataset"]?["type"]) ?? Text(r["dataset"]?["name"]))
            .OfType<string>()
            .Distinct(StringComparer.Ordinal)
            .Take(Limits.SbomListedNames);

    private static List<SbomMetric> Metrics(YamlNode? index)
    {
        var metrics = new List<SbomMetric>();
        foreach (var result in index?.Items.SelectMany(m => m["results"]?.Items ?? []) ?? [])
        {
            var dataset = result["dataset"];
            var slice = string.Join(
                ", ",
                new[]
                {
                    Text(dataset?["name"]) ?? Text(dataset?["type"]),
                    Text(dataset?["config"]),
                    Text(dataset?["split"]),
                }.OfType<string>()
            );
            foreach (var metric in result["metrics"]?.Items ?? [])
            {
                if (Text(metric["type"]) is { } type && Text(metric["value"]) is { } value && metrics.Count < Limits.SbomListedNames)
                {
                    metrics.Add(new SbomMetric(type, value, slice.Length == 0 ? null : FileText.Clean(slice)));
                }
            }
        }
        return metrics;
    }
}
