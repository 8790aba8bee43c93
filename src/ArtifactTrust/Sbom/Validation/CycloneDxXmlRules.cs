using System.Text;
using System.Xml;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Sbom.Validation;

/// <summary>What a CycloneDX document in XML must keep to beyond its schema, which itself wants each <c>bom-ref</c> once.</summary>
internal static class CycloneDxXmlRules
{
    // Whoever refers to an element from here must find it (see CycloneDxNames for the same in JSON).
    private static readonly string[] StrictSections = ["dependencies", "compositions", "vulnerabilities", "annotations"];

    /// <summary>Reads a document to its end; tells references that lead nowhere, hashes of the wrong length and licence expressions that are none.</summary>
    /// <param name="reader">The document, at its start; what it says of the schema goes its own way.</param>
    /// <param name="errors">Takes what is wrong.</param>
    /// <param name="warnings">Takes what is most likely wrong.</param>
    /// <exception cref="MalformedDataException">It is nested too deeply.</exception>
    internal static void Check(XmlReader reader, List<SbomError> errors, List<SbomError> warnings)
    {
        var lines = (IXmlLineInfo)reader;
        var path = new List<(string Name, bool IsExternal)>();
        var given = new HashSet<string>(StringComparer.Ordinal);
        var used = new List<(string Name, string Place, bool IsStrict)>();
        var text = new StringBuilder();
        string? algorithm = null;
        string? own = null;
        while (reader.Read())
        {
            var place = CycloneDxXmlValidator.Place(lines.LineNumber, lines.LinePosition);
            switch (reader.NodeType)
            {
                case XmlNodeType.Element:
                    Element(place);
                    break;
                case XmlNodeType.Text or XmlNodeType.CDATA:
                    text.Append(reader.Value);
                    break;
                case XmlNodeType.EndElement when path.Count == reader.Depth + 1:
                    Content(text.ToString().Trim(), place);
                    break;
            }
        }
        foreach (var (name, place, isStrict) in used)
        {
            // A BOM-Link names an element of another document.
            if (!given.Contains(name) && !name.StartsWith("urn:cdx:", StringComparison.Ordinal))
            {
                (isStrict ? errors : warnings).Add(new SbomError(place, $"nothing has the bom-ref '{CycloneDxNames.Shown(name)}'"));
            }
        }

        void Element(string place)
        {
            if (reader.Depth > Limits.JsonDepth)
            {
                throw new MalformedDataException("CycloneDX XML", place, $"nested more than {Limits.JsonDepth} elements deep");
            }
            path.RemoveRange(reader.Depth, path.Count - reader.Depth);
            text.Clear();
            algorithm = null;
            own ??= reader.NamespaceURI;
            if (reader.NamespaceURI != own)
            {
                // An extension, which has rules of its own: the schema lets any be, and readers of CycloneDX pass over it.
                path.Add(("", false));
                if (
                    reader.NamespaceURI.StartsWith(CycloneDxXmlValidator.Namespace, StringComparison.Ordinal)
                    && path is not [.., ("", _), _]
                )
                {
                    warnings.Add(
                        new SbomError(place, $"'{reader.LocalName}' is of another version than the document, whose readers pass over it")
                    );
                }
                return;
            }
            path.Add((reader.LocalName, reader.GetAttribute("isExternal")?.Trim() is "true" or "1"));
            if (reader.LocalName == "versionRange" && path is [.., ("component", false), _])
            {
                errors.Add(new SbomError(place, "only a component that is external has a versionRange"));
            }
            algorithm = reader.GetAttribute("alg");
            if (reader.GetAttribute("bom-ref") is { } name)
            {
                given.Add(name);
            }
            if (reader.GetAttribute("ref") is { } reference)
            {
                used.Add((reference, place, IsStrict()));
            }
        }

        // Of an element that holds no others.
        void Content(string value, string place)
        {
            switch (path[^1].Name)
            {
                case "hash" when algorithm is not null && CycloneDxRules.HexLength(algorithm) is { } length && value.Length != length:
                    (Parent() == "hashes" ? errors : warnings).Add(CycloneDxRules.WrongLength(place, value, algorithm, length));
                    break;
                case "expression" when Parent() == "licenses" && !SpdxExpression.IsValid(value):
                    warnings.Add(CycloneDxRules.NoExpression(place, value));
                    break;
                case "ref":
                    used.Add((value, place, IsStrict() || Parent() == "datasets"));
                    break;
            }
        }

        string? Parent() => path.Count > 1 ? path[^2].Name : null;

        bool IsStrict() => path.Count > 1 && StrictSections.Contains(path[1].Name);
    }
}
