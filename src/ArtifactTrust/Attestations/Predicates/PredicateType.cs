using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Attestations.Predicates;

/// <summary>The type of a predicate, by its short name or its URI.</summary>
/// <remarks>
/// A short name stands for every spelling of its type's URI in use, so that attestations of older tools are found. A URI stands for
/// itself alone.
/// </remarks>
public sealed class PredicateType
{
    internal const string SlsaProvenanceName = "slsaprovenance1";
    internal const string CycloneDxName = "cyclonedx";
    internal const string CosignVulnName = "vuln";
    internal const string VulnsName = "vulns";
    internal const string TestResultName = "test-result";
    internal const string VerificationSummaryName = "vsa";

    /// <summary>The short name of the front matter of a model's README.</summary>
    public const string ModelCardName = "model-card";

    /// <summary>The short name of the front matter of a dataset's README.</summary>
    public const string DatasetCardName = "dataset-card";

    private static readonly PredicateType[] Known =
    [
        new(SlsaProvenanceName, SlsaProvenance.TypeUri, "https://slsa.dev/provenance/v1.0"),
        new("slsaprovenance02", "https://slsa.dev/provenance/v0.2"),
        new(
            CycloneDxName,
            CycloneDxBom.TypeUri,
            "https://cyclonedx.org/bom/v1.4",
            "https://cyclonedx.org/bom/v1.5",
            "https://cyclonedx.org/bom/v1.6",
            "https://cyclonedx.org/bom/v1.7"
        ),
        new("spdx", "https://spdx.dev/Document", "https://spdx.dev/Document/v2.3", "https://spdx.dev/Document/v3"),
        new(CosignVulnName, CosignVuln.TypeUri, "cosign.sigstore.dev/attestation/vuln/v1"),
        new(VulnsName, Vulns.TypeUri, Vulns.TypeUriV01),
        new(TestResultName, TestResult.TypeUri),
        new(VerificationSummaryName, VerificationSummary.TypeUri),
        new("openvex", "https://openvex.dev/ns", "https://openvex.dev/ns/v0.2.0"),
        new("link", "https://in-toto.io/attestation/link/v0.3", "https://in-toto.io/Link/v1"),
        new("scai", "https://in-toto.io/attestation/scai/v0.3"),
        new("release", "https://in-toto.io/attestation/release/v0.1"),
        new("reference", "https://in-toto.io/attestation/reference/v0.1"),
        new("runtime-trace", "https://in-toto.io/attestation/runtime-trace/v0.1"),
        new("svr", "https://in-toto.io/attestation/svr/v0.2", "https://in-toto.io/attestation/svr/v0.1"),
        new("croissant", "http://mlcommons.org/croissant/1.0", "http://mlcommons.org/croissant/1.1"),
        new(ModelCardName, "urn:artifact-trust:model-card:v1"),
        new(DatasetCardName, "urn:artifact-trust:dataset-card:v1"),
        new("custom", "https://cosign.sigstore.dev/attestation/v1", "cosign.sigstore.dev/attestation/v1"),
    ];

    private static readonly FrozenDictionary<string, PredicateType> ByName = Known.ToFrozenDictionary(t => t.Name!);
    private static readonly FrozenDictionary<string, string> NamesByUri = Known
        .SelectMany(t => t.Uris.Select(u => KeyValuePair.Create(u, t.Name!)))
        .ToFrozenDictionary();

    private PredicateType(string? name, params string[] uris)
    {
        Name = name;
        Uris = uris;
    }

    /// <summary>The short names, such as <c>slsaprovenance1</c>, in the order of the documentation.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Known.Select(t => t.Name!)];

    /// <summary>The type's short name, also where it was given by URI; null where it has none.</summary>
    public string? Name { get; }

    /// <summary>The URI to write into a statement.</summary>
    public string Uri => Uris[0];

    /// <summary>Every URI that is accepted as this type, <see cref="Uri"/> first.</summary>
    public IReadOnlyList<string> Uris { get; }

    /// <summary>Whether predicates of this type may say when they were made, and are read for it.</summary>
    public bool HasTime => Name is SlsaProvenanceName or CycloneDxName or CosignVulnName or VulnsName or VerificationSummaryName;

    /// <summary>The type of that short name or URI.</summary>
    /// <exception cref="MalformedDataException">The text is neither a short name nor a URI.</exception>
    public static PredicateType Parse(string text) =>
        TryParse(text, out var type)
            ? type
            : throw new MalformedDataException(
                "predicate type",
                "$",
                $"'{text}' is neither a URI nor one of {string.Join(", ", Names)}{Spelling.Hint(text, Names)}"
            );

    /// <summary>The type of that short name or URI; false where the text is neither.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out PredicateType? type)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (!ByName.TryGetValue(text, out type) && (IsUri(text) || NamesByUri.ContainsKey(text)))
        {
            type = new PredicateType(NamesByUri.GetValueOrDefault(text), text);
        }
        return type is not null;
    }

    /// <summary>The short name of the type with that URI, or null.</summary>
    public static string? NameOf(string uri) => NamesByUri.GetValueOrDefault(uri);

    /// <summary>Whether a statement with that predicate type is of this type; compared exactly.</summary>
    public bool Accepts(string uri) => Uris.Contains(uri, StringComparer.Ordinal);

    /// <inheritdoc/>
    public override string ToString() => Name is not null && Uris == ByName[Name].Uris ? Name : Uri;

    // RFC 3986 §3.1 for the scheme; of the rest only what could make a message lie is refused.
    private static bool IsUri(string text)
    {
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        return colon > 0
            && colon < text.Length - 1
            && char.IsAsciiLetter(text[0])
            && text.AsSpan(0, colon).IndexOfAnyExcept(SchemeCharacters) < 0
            && !text.Any(c => c is <= ' ' or >= '\x7f');
    }

    private static readonly System.Buffers.SearchValues<char> SchemeCharacters = System.Buffers.SearchValues.Create(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-."
    );
}
