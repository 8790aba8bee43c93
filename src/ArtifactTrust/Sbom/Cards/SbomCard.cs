using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using ArtifactTrust.Sbom.Licenses;

namespace ArtifactTrust.Sbom.Cards;

/// <summary>What the maker of a model or dataset states beside its files: what no file can know.</summary>
/// <remarks>
/// Format: one YAML or JSON mapping; every key is optional and an unknown key is an error. docs/sbom.md lists the keys. A statement of the
/// card goes before what the files say.
/// </remarks>
public sealed class SbomCard
{
    private const string Named = "card";

    private static readonly string[] Keys =
    [
        "authors",
        "supplier",
        "identifier",
        "description",
        "built",
        "released",
        "license",
        "download",
        "website",
        "documentation",
        "vcs",
        "system",
        "model",
        "dataset",
        "infrastructure",
        "security",
        "performance",
        "properties",
    ];

    private readonly List<SbomContact> _authors = [];
    private readonly List<SbomExternalReference> _references = [];
    private readonly List<SbomLicense> _licenses = [];
    private readonly List<SbomProperty> _statements = [];
    private readonly string? _supplier;
    private readonly string? _identifier;
    private readonly string? _description;
    private readonly DateTimeOffset? _built;
    private readonly DateTimeOffset? _released;
    private readonly ModelCardSection? _model;
    private readonly DatasetCardSection? _dataset;

    private SbomCard(YamlMapping card, Digest digest)
    {
        Digest = digest;
        card.CheckKeys("the card", Keys);
        _supplier = CardValue.Text(card, "supplier");
        _identifier = CardValue.Text(card, "identifier") is { } purl
            ? purl.StartsWith("pkg:", StringComparison.Ordinal) && Reading.Iri.OrNull(purl) is not null
                ? purl
                : throw card["identifier"]!.Malformed("'identifier' is to be a package URL, such as pkg:huggingface/acme/model@1")
            : null;
        _description = CardValue.Lines(card, "description");
        _built = CardValue.Time(card, "built");
        _released = CardValue.Time(card, "released");
        foreach (var license in CardValue.Texts(card, "license"))
        {
            _licenses.Add(
                LicenseParser.Parse(license) ?? throw card["license"]!.Malformed($"'{license}' names no licence; leave the key out")
            );
        }
        foreach (
            var (key, type) in (ReadOnlySpan<(string, string)>)
                [("download", "distribution"), ("website", "website"), ("documentation", "documentation"), ("vcs", "vcs")]
        )
        {
            _references.AddRange(CardValue.Addresses(card, key).Select(address => new SbomExternalReference(type, address)));
        }
        foreach (var author in CardValue.Mappings(card, "authors"))
        {
            author.CheckKeys("an author", ["name", "email"]);
            _authors.Add(new SbomContact(Scalar(author, "name").String("'name'"), CardValue.Email(author, "email")));
        }
        foreach (var (section, known) in StatementKeys)
        {
            Statements(card, section, known);
        }
        Properties(card);
        _model = card["model"] is { } model ? new ModelCardSection(model.Mapping("'model'")) : null;
        _dataset = card["dataset"] is { } dataset ? new DatasetCardSection(dataset.Mapping("'dataset'")) : null;
    }

    /// <summary>The SHA-256 of the card's text.</summary>
    public Digest Digest { get; }

    /// <summary>Whether it speaks of a model, and so is no card of a dataset.</summary>
    public bool HasModel => _model is not null;

    /// <summary>What CycloneDX has no field for: free text in sections, kept as properties of the document.</summary>
    private static (string Section, string[] Keys)[] StatementKeys { get; } =
    [
        ("system", ["data-flow", "data-usage", "input-output", "application-area"]),
        ("infrastructure", ["software", "hardware"]),
        ("security", ["controls", "compliance", "policy", "vulnerabilities"]),
        ("performance", ["security-metrics", "operational"]),
    ];

    /// <summary>Reads a card.</summary>
    /// <param name="utf8">The whole text, YAML or JSON.</param>
    /// <exception cref="MalformedDataException">It is neither, or says what a card cannot say; with line and column.</exception>
    public static SbomCard Parse(ReadOnlySpan<byte> utf8) => new(YamlDocument.Parse(utf8, Named), DigestAlgorithm.Sha256.Hash(utf8));

    /// <summary>The document with the card's statements in it.</summary>
    /// <exception cref="MalformedDataException">The card has a section for another kind of subject.</exception>
    internal SbomDocument ApplyTo(SbomDocument document)
    {
        var subject = document.Subject;
        var isModel = subject.Type == SbomComponentType.MachineLearningModel;
        if (_model is not null && !isModel)
        {
            throw new MalformedDataException(Named, "model", "the subject is a dataset; --dataset was given");
        }
        subject = subject with
        {
            Supplier = _supplier ?? subject.Supplier,
            PackageUrl = _identifier ?? subject.PackageUrl,
            Description = _description ?? subject.Description,
            Built = _built ?? subject.Built,
            Released = _released ?? subject.Released,
            Licenses = _licenses.Count > 0 ? _licenses : subject.Licenses,
            ExternalReferences = [.. _references.Concat(subject.ExternalReferences).Distinct()],
        };
        document = document with
        {
            Authors = [.. _authors],
            Supplier = _supplier,
            Root = document.Root with { Supplier = _supplier },
            Properties = [.. _statements],
        };
        // A model's card may speak of the data in the model's own directory too.
        subject = _dataset is not null && !isModel ? _dataset.ApplyTo(subject) : subject;
        document = document with { Components = [subject, .. document.Components.Skip(1)] };
        return _model?.ApplyTo(document) ?? document;
    }

    /// <summary>Properties that another tool or taxonomy asks for by name.</summary>
    private void Properties(YamlMapping card)
    {
        if (card["properties"]?.Mapping("'properties'") is not { } mapping)
        {
            return;
        }
        foreach (var member in mapping.Members)
        {
            if (member.Key.StartsWith(SbomPropertyNames.Prefix, StringComparison.Ordinal))
            {
                throw member.Value.Malformed($"'{member.Key}' is a name that only this tool gives");
            }
            _statements.AddRange(CardValue.Texts(mapping, member.Key, lines: true).Select(text => new SbomProperty(member.Key, text)));
        }
    }

    private static YamlScalar Scalar(YamlMapping mapping, string key) =>
        mapping.Required(key, "an author") is YamlScalar scalar ? scalar : throw mapping.Malformed($"'{key}' is to be a single value");

    private void Statements(YamlMapping card, string section, string[] known)
    {
        if (card[section] is not { } value)
        {
            return;
        }
        var mapping = value.Mapping($"'{section}'");
        mapping.CheckKeys($"'{section}'", known);
        foreach (var member in mapping.Members)
        {
            foreach (var text in CardValue.Texts(mapping, member.Key, lines: true))
            {
                _statements.Add(new SbomProperty($"{SbomPropertyNames.Prefix}{section}:{member.Key}", text));
            }
        }
    }
}
