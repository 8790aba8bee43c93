using System.Text.Json;
using System.Text.RegularExpressions;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Sbom.Validation;

/// <summary>Validates SPDX 2.2 and 2.3 JSON: against the published schema, and by what a schema cannot say.</summary>
/// <remarks>
/// Spec: SPDX 2.3 clauses 6 to 11 and annex D. Documents of 2.2 are held against the schema of 2.3 too: 2.3 took no member and no value
/// away, and requires fewer. Where the specification and its schema spell a value differently, it is a warning.
/// </remarks>
internal sealed partial class Spdx2Validator
{
    private const string DocumentId = "SPDXRef-DOCUMENT";

    private readonly JsonChecks _checks = new();
    private readonly HashSet<string> _ids = new(StringComparer.Ordinal);
    private readonly HashSet<string> _licenses = new(StringComparer.Ordinal);

    private Spdx2Validator() { }

    internal static SbomValidation Validate(JsonElement json)
    {
        var version = StrictJson.RequiredString(json, "spdxVersion", "SPDX document", "$");
        if (version is not ("SPDX-2.2" or "SPDX-2.3"))
        {
            throw new MalformedDataException("SPDX document", "$.spdxVersion", "SPDX-2.2 or SPDX-2.3 is expected");
        }
        var found = new JsonSchemaEvaluation().Evaluate(SpdxSchemas.Version2, json).ToLookup(IsOtherSpelling);
        var validator = new Spdx2Validator();
        validator.Document(json);
        return new SbomValidation("SPDX", version["SPDX-".Length..], validator._checks.After(found[false]), [.. found[true]]);
    }

    /// <summary>Clause 7.24 has <c>OPERATING-SYSTEM</c>, as many tools write it, where the schema has an underscore.</summary>
    private static bool IsOtherSpelling(SbomError error) =>
        error.Location.EndsWith("/primaryPackagePurpose", StringComparison.Ordinal)
        && error.Reason.StartsWith("'OPERATING-SYSTEM' ", StringComparison.Ordinal);

    private void Document(JsonElement json)
    {
        var root = JsonPointer.Root;
        if (_checks.Text(json, root, "dataLicense") is { } license && license != "CC0-1.0")
        {
            _checks.Fail(root.Member("dataLicense"), "CC0-1.0 is expected");
        }
        if (_checks.Text(json, root, "SPDXID") is { } id && id != DocumentId)
        {
            _checks.Fail(root.Member("SPDXID"), $"{DocumentId} is expected");
        }
        _ids.Add(DocumentId);
        _checks.Text(json, root, "name");
        if (
            _checks.Text(json, root, "documentNamespace") is { } space
            && (!Uri.TryCreate(space, UriKind.Absolute, out _) || space.Contains('#', StringComparison.Ordinal))
        )
        {
            _checks.Fail(root.Member("documentNamespace"), "an absolute URI without a fragment is expected");
        }
        Creation(json);
        foreach (var (info, at) in JsonChecks.Objects(json, root, "hasExtractedLicensingInfos"))
        {
            if (_checks.Text(info, at, "licenseId") is { } own && !_licenses.Add(own))
            {
                _checks.Fail(at.Member("licenseId"), $"'{own}' is there twice");
            }
        }
        foreach (var (package, at) in JsonChecks.Objects(json, root, "packages"))
        {
            Element(package, at);
            _checks.Text(package, at, "name");
            _checks.Text(package, at, "downloadLocation");
        }
        foreach (var (file, at) in JsonChecks.Objects(json, root, "files"))
        {
            Element(file, at);
            _checks.Text(file, at, "fileName");
        }
        foreach (var (snippet, at) in JsonChecks.Objects(json, root, "snippets"))
        {
            Id(snippet, at);
        }
        Relationships(json);
    }

    private void Creation(JsonElement json)
    {
        var at = JsonPointer.Root.Member("creationInfo");
        if (!json.TryGetProperty("creationInfo", out var info) || info.ValueKind != JsonValueKind.Object)
        {
            return;
        }
        if (_checks.Text(info, at, "created") is { } created && !(created.EndsWith('Z') && Rfc3339.TryParse(created, out _)))
        {
            _checks.Fail(at.Member("created"), "a time such as 2026-01-31T12:00:00Z is expected");
        }
        foreach (var (creator, place) in JsonChecks.Texts(info, at, "creators"))
        {
            if (!Creator().IsMatch(creator))
            {
                _checks.Fail(place, "'Tool: …', 'Person: …' or 'Organization: …' is expected");
            }
        }
    }

    private void Element(JsonElement element, JsonPointer at)
    {
        Id(element, at);
        foreach (var (checksum, place) in JsonChecks.Objects(element, at, "checksums"))
        {
            _checks.Hash(place, _checks.Text(checksum, place, "algorithm"), _checks.Text(checksum, place, "checksumValue"));
        }
        foreach (var name in (ReadOnlySpan<string>)["licenseDeclared", "licenseConcluded"])
        {
            if (JsonChecks.Optional(element, name) is { } license)
            {
                License(at.Member(name), license);
            }
        }
    }

    private void Id(JsonElement element, JsonPointer at)
    {
        if (_checks.Text(element, at, "SPDXID") is not { } id)
        {
            return;
        }
        if (!IdPattern().IsMatch(id))
        {
            _checks.Fail(at.Member("SPDXID"), "SPDXRef- and letters, digits, dots and hyphens are expected");
        }
        if (!_ids.Add(id))
        {
            _checks.Fail(at.Member("SPDXID"), $"'{id}' is there twice");
        }
    }

    private void License(JsonPointer at, string expression)
    {
        if (expression is "NOASSERTION" or "NONE")
        {
            return;
        }
        if (!SpdxExpression.IsValid(expression))
        {
            _checks.Fail(at, "no SPDX licence expression of known licences");
        }
        foreach (
            var own in expression
                .Split(' ', '(', ')')
                .Where(t => t.StartsWith("LicenseRef-", StringComparison.Ordinal) && !_licenses.Contains(t))
        )
        {
            _checks.Fail(at, $"'{own}' is not among hasExtractedLicensingInfos");
        }
    }

    private void Relationships(JsonElement json)
    {
        var describes = JsonChecks.Texts(json, JsonPointer.Root, "documentDescribes").ToList().Count > 0;
        foreach (var (relationship, at) in JsonChecks.Objects(json, JsonPointer.Root, "relationships"))
        {
            var type = JsonChecks.Optional(relationship, "relationshipType");
            var from = JsonChecks.Optional(relationship, "spdxElementId");
            var to = JsonChecks.Optional(relationship, "relatedSpdxElement");
            describes |= type == "DESCRIBES" && from == DocumentId || type == "DESCRIBED_BY" && to == DocumentId;
            foreach (var (end, name) in (ReadOnlySpan<(string?, string)>)[(from, "spdxElementId"), (to, "relatedSpdxElement")])
            {
                if (end is not null && !_ids.Contains(end) && !IsElsewhere(end, name))
                {
                    _checks.Fail(at.Member(name), $"nothing has the SPDXID '{end}'");
                }
            }
        }
        if (!describes)
        {
            _checks.Fail(JsonPointer.Root, "the document describes nothing: there is no relationship DESCRIBES");
        }
    }

    private static bool IsElsewhere(string end, string name) =>
        end.StartsWith("DocumentRef-", StringComparison.Ordinal) || name == "relatedSpdxElement" && end is "NONE" or "NOASSERTION";

    [GeneratedRegex(@"\ASPDXRef-[A-Za-z0-9.-]+\z", RegexOptions.CultureInvariant)]
    private static partial Regex IdPattern();

    [GeneratedRegex(@"\A(?:Tool|Person|Organization): \S", RegexOptions.CultureInvariant)]
    private static partial Regex Creator();
}
