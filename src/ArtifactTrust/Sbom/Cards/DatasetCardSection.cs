using ArtifactTrust.Formats;

namespace ArtifactTrust.Sbom.Cards;

/// <summary>The section <c>dataset</c> of a card.</summary>
internal sealed class DatasetCardSection
{
    internal static readonly string[] Keys =
    [
        "classification",
        "sensitive-data",
        "owners",
        "stewards",
        "custodians",
        "provenance",
        "statistics",
    ];

    private readonly string? _classification;
    private readonly IReadOnlyList<string> _sensitive;
    private readonly IReadOnlyList<string> _owners;
    private readonly IReadOnlyList<string> _stewards;
    private readonly IReadOnlyList<string> _custodians;
    private readonly List<SbomProperty> _properties = [];

    internal DatasetCardSection(YamlMapping section)
    {
        section.CheckKeys("'dataset'", Keys);
        _classification = CardValue.Text(section, "classification");
        _sensitive = CardValue.Texts(section, "sensitive-data");
        _owners = CardValue.Texts(section, "owners");
        _stewards = CardValue.Texts(section, "stewards");
        _custodians = CardValue.Texts(section, "custodians");
        foreach (var key in (ReadOnlySpan<string>)["provenance", "statistics"])
        {
            _properties.AddRange(
                CardValue.Texts(section, key, lines: true).Select(t => new SbomProperty($"{SbomPropertyNames.Prefix}dataset:{key}", t))
            );
        }
    }

    internal SbomComponent ApplyTo(SbomComponent subject)
    {
        var data = subject.Dataset ?? new SbomDataset(subject.Name, null, null, []);
        return subject with
        {
            Properties = [.. subject.Properties, .. _properties],
            Dataset = data with
            {
                Classification = _classification ?? data.Classification,
                SensitiveData = [.. _sensitive.Union(data.SensitiveData, StringComparer.Ordinal)],
                Owners = [.. _owners.Union(data.Owners, StringComparer.Ordinal)],
                Stewards = [.. _stewards.Union(data.Stewards, StringComparer.Ordinal)],
                Custodians = [.. _custodians.Union(data.Custodians, StringComparer.Ordinal)],
            },
        };
    }
}
