using System.Text.Json;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Sbom.Validation;

/// <summary>Validates SPDX 3.0.1 JSON-LD: against the published schema, and by what a schema cannot say.</summary>
/// <remarks>Spec: SPDX 3.0.1 model (Core, Software, SimpleLicensing, AI, Dataset), and annex on serialization.</remarks>
internal sealed class Spdx3Validator
{
    private const string Context = "https://spdx.org/rdf/3.0.1/spdx-context.jsonld";
    private const string Vocabulary = "https://spdx.org/rdf/3.0.1/terms/";

    /// <summary>Members that a class needs and the schema does not ask for.</summary>
    private static readonly Dictionary<string, string[]> Required = new(StringComparer.Ordinal)
    {
        ["software_Package"] = ["name"],
        ["software_File"] = ["name"],
        ["ai_AIPackage"] = ["name"],
        ["dataset_DatasetPackage"] = ["name"],
    };

    private readonly JsonChecks _checks = new();
    private readonly HashSet<string> _ids = new(StringComparer.Ordinal);
    private readonly HashSet<string> _creations = new(StringComparer.Ordinal);

    private Spdx3Validator() { }

    internal static SbomValidation Validate(JsonElement json)
    {
        var errors = new JsonSchemaEvaluation().Evaluate(SpdxSchemas.Version3, json);
        var validator = new Spdx3Validator();
        validator.Document(json);
        return new SbomValidation("SPDX", "3.0.1", validator._checks.After(errors), []);
    }

    private void Document(JsonElement json)
    {
        var root = JsonPointer.Root;
        if (_checks.Text(json, root, "@context") is { } context && context != Context)
        {
            _checks.Fail(root.Member("@context"), $"{Context} is expected");
        }
        var graph = JsonChecks.Objects(json, root, "@graph").ToList();
        var documents = 0;
        foreach (var (element, at) in graph)
        {
            var type = _checks.Text(element, at, "type");
            if (type == "CreationInfo")
            {
                Creation(element, at);
                continue;
            }
            documents += type == "SpdxDocument" ? 1 : 0;
            if (_checks.Text(element, at, "spdxId") is { } id)
            {
                if (!Uri.TryCreate(id, UriKind.Absolute, out _))
                {
                    _checks.Fail(at.Member("spdxId"), "an absolute IRI is expected");
                }
                if (!_ids.Add(id))
                {
                    _checks.Fail(at.Member("spdxId"), $"'{id}' is there twice");
                }
            }
            foreach (var name in Required.GetValueOrDefault(type ?? "", []))
            {
                if (!element.TryGetProperty(name, out _))
                {
                    _checks.Fail(at, $"'{name}' is required of {type}");
                }
            }
        }
        if (documents != 1)
        {
            _checks.Fail(root.Member("@graph"), $"{documents} elements are SpdxDocument; one is expected");
        }
        foreach (var (element, at) in graph)
        {
            References(element, at);
        }
    }

    private void Creation(JsonElement element, JsonPointer at)
    {
        if (_checks.Text(element, at, "@id") is { } id && !_creations.Add(id))
        {
            _checks.Fail(at.Member("@id"), $"'{id}' is there twice");
        }
        if (_checks.Text(element, at, "specVersion") is { } version && version != "3.0.1")
        {
            _checks.Fail(at.Member("specVersion"), "3.0.1 is expected");
        }
        if (_checks.Text(element, at, "created") is { } created && !(created.EndsWith('Z') && Rfc3339.TryParse(created, out _)))
        {
            _checks.Fail(at.Member("created"), "a time such as 2026-01-31T12:00:00Z is expected");
        }
    }

    private void References(JsonElement element, JsonPointer at)
    {
        if (element.TryGetProperty("type", out var type) && type.ValueKind == JsonValueKind.String && type.GetString() != "CreationInfo")
        {
            if (JsonChecks.Optional(element, "creationInfo") is { } creation && !_creations.Contains(creation))
            {
                _checks.Fail(at.Member("creationInfo"), $"there is no CreationInfo '{creation}'");
            }
        }
        foreach (var name in (ReadOnlySpan<string>)["from", "suppliedBy"])
        {
            if (JsonChecks.Optional(element, name) is { } end)
            {
                Known(end, at.Member(name));
            }
        }
        foreach (var name in (ReadOnlySpan<string>)["to", "rootElement", "element", "createdBy", "createdUsing", "originatedBy"])
        {
            foreach (var (end, place) in JsonChecks.Texts(element, at, name))
            {
                Known(end, place);
            }
        }
        foreach (var (hash, place) in JsonChecks.Objects(element, at, "verifiedUsing"))
        {
            if (_checks.Text(hash, place, "type") == "Hash")
            {
                _checks.Hash(place, _checks.Text(hash, place, "algorithm"), _checks.Text(hash, place, "hashValue"));
            }
        }
        if (JsonChecks.Optional(element, "simplelicensing_licenseExpression") is { } expression && !SpdxExpression.IsValid(expression))
        {
            _checks.Fail(at.Member("simplelicensing_licenseExpression"), "no SPDX licence expression of known licences");
        }
    }

    private void Known(string id, JsonPointer at)
    {
        if (!_ids.Contains(id) && !id.StartsWith(Vocabulary, StringComparison.Ordinal))
        {
            _checks.Fail(at, $"nothing has the spdxId '{id}'");
        }
    }
}
