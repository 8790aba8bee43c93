using System.Text.Json;
using System.Text.RegularExpressions;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Sbom.Validation;

/// <summary>What SPDX 2.2 and 2.3 JSON documents must be.</summary>
/// <remarks>Spec: SPDX 2.3 clauses 6 to 11 and annex D.</remarks>
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
        var validator = new Spdx2Validator();
        validator.Document(json);
        return new SbomValidation("SPDX", version["SPDX-".Length..], validator._checks.Errors, []);
    }

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
        foreach (var (info, at) in _checks.Objects(json, root, "hasExtractedLicensingInfos"))
        {
            if (_checks.Text(info, at, "licenseId") is { } own && !_licenses.Add(own))
            {
                _checks.Fail(at.Member("licenseId"), $"'{own}' is there twice");
            }
            _checks.Text(info, at, "extractedText");
        }
        foreach (var (package, at) in _checks.Objects(json, root, "packages"))
        {
            Element(package, at);
            _checks.Text(package, at, "name");
            _checks.Text(package, at, "downloadLocation");
            foreach (var (reference, place) in _checks.Objects(package, at, "externalRefs"))
            {
                _checks.Text(reference, place, "referenceCategory");
                _checks.Text(reference, place, "referenceType");
                _checks.Text(reference, place, "referenceLocator");
            }
        }
        foreach (var (file, at) in _checks.Objects(json, root, "files"))
        {
            Element(file, at);
            _checks.Text(file, at, "fileName");
        }
        foreach (var (snippet, at) in _checks.Objects(json, root, "snippets"))
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
            _checks.Fail(JsonPointer.Root, "'creationInfo' is required, an object");
            return;
        }
        if (_checks.Text(info, at, "created") is { } created && !(created.EndsWith('Z') && Rfc3339.TryParse(created, out _)))
        {
            _checks.Fail(at.Member("created"), "a time such as 2026-01-31T12:00:00Z is expected");
        }
        var any = false;
        foreach (var (creator, place) in _checks.Texts(info, at, "creators"))
        {
            any = true;
            if (!Creator().IsMatch(creator))
            {
                _checks.Fail(place, "'Tool: …', 'Person: …' or 'Organization: …' is expected");
            }
        }
        if (!any)
        {
            _checks.Fail(at, "'creators' is required, at least one");
        }
    }

    private void Element(JsonElement element, JsonPointer at)
    {
        Id(element, at);
        foreach (var (checksum, place) in _checks.Objects(element, at, "checksums"))
        {
            _checks.Hash(place, _checks.Text(checksum, place, "algorithm"), _checks.Text(checksum, place, "checksumValue"));
        }
        foreach (var name in (ReadOnlySpan<string>)["licenseDeclared", "licenseConcluded"])
        {
            if (_checks.Optional(element, at, name) is { } license)
            {
                License(at.Member(name), license);
            }
        }
        foreach (var (annotation, place) in _checks.Objects(element, at, "annotations"))
        {
            _checks.Text(annotation, place, "annotationType");
            _checks.Text(annotation, place, "annotator");
            _checks.Text(annotation, place, "annotationDate");
            _checks.Text(annotation, place, "comment");
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
        var describes = _checks.Texts(json, JsonPointer.Root, "documentDescribes").ToList().Count > 0;
        foreach (var (relationship, at) in _checks.Objects(json, JsonPointer.Root, "relationships"))
        {
            var type = _checks.Text(relationship, at, "relationshipType");
            var from = _checks.Text(relationship, at, "spdxElementId");
            var to = _checks.Text(relationship, at, "relatedSpdxElement");
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
