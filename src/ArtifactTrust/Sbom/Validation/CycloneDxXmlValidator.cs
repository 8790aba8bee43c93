using System.Globalization;
using System.Xml;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Sbom.Validation;

/// <summary>Validates CycloneDX XML 1.4 to 1.7: against the published schema, and by what a schema cannot say.</summary>
/// <remarks>
/// Spec: CycloneDX 1.4 to 1.7 XML. Beside the schema the rules are those of <see cref="CycloneDxValidator"/>. Neither a document type nor a schema that the
/// document itself names is read: entities cannot grow, and nothing is fetched.
/// </remarks>
internal static class CycloneDxXmlValidator
{
    /// <summary>What the namespaces of all versions begin with.</summary>
    internal const string Namespace = "http://cyclonedx.org/schema/bom/";

    private const string Named = "CycloneDX XML";

    internal static SbomValidation Validate(ReadOnlyMemory<byte> utf8)
    {
        StrictJson.CheckLength(utf8.Length, Named, Limits.PredicateBytes);
        var bytes = utf8.ToArray();
        try
        {
            var version = VersionOf(bytes);
            var errors = new List<SbomError>();
            var warnings = new List<SbomError>();
            var settings = Settings();
            settings.ValidationType = ValidationType.Schema;
            settings.Schemas = CycloneDxXmlSchemas.Of(version);
            settings.ValidationEventHandler += (_, e) =>
            {
                if (errors.Count < Limits.SbomErrors)
                {
                    errors.Add(new SbomError(Place(e.Exception.LineNumber, e.Exception.LinePosition), Reading.FileText.Clean(e.Message)!));
                }
            };
            using var reader = XmlReader.Create(new MemoryStream(bytes), settings);
            CycloneDxXmlRules.Check(reader, errors, warnings);
            return new SbomValidation("CycloneDX", version, [.. errors.Take(Limits.SbomErrors)], [.. warnings.Take(Limits.SbomErrors)]);
        }
        catch (XmlException e)
        {
            throw new MalformedDataException(Named, Place(e.LineNumber, e.LinePosition), Reading.FileText.Clean(e.Message)!, e);
        }
    }

    /// <summary>How XML of others is read: no document type, nothing fetched, bounded.</summary>
    internal static XmlReaderSettings Settings() =>
        new()
        {
            DtdProcessing = DtdProcessing.Prohibit,
            XmlResolver = null,
            MaxCharactersInDocument = Limits.PredicateBytes,
        };

    /// <summary>A place in the document, as errors tell it.</summary>
    internal static string Place(int line, int column) => string.Create(CultureInfo.InvariantCulture, $"line {line}, column {column}");

    /// <summary>The version that the root's namespace names.</summary>
    private static string VersionOf(byte[] bytes)
    {
        using var reader = XmlReader.Create(new MemoryStream(bytes), Settings());
        reader.MoveToContent();
        if (reader.LocalName != "bom" || !reader.NamespaceURI.StartsWith(Namespace, StringComparison.Ordinal))
        {
            throw new MalformedDataException(Named, "$", $"the root is no 'bom' in a namespace {Namespace}…");
        }
        var version = reader.NamespaceURI[Namespace.Length..];
        return CycloneDxSchemas.Versions.Contains(version)
            ? version
            : throw new MalformedDataException(
                Named,
                "$",
                $"one of the versions {string.Join(", ", CycloneDxSchemas.Versions)} is expected in the root's namespace"
            );
    }
}
