using System.Text.Json;
using System.Xml;
using ArtifactTrust.Formats;
using ArtifactTrust.Sbom.Reading;
using ArtifactTrust.Sbom.Validation;

namespace ArtifactTrust.Sbom;

/// <summary>A format in which an SBOM may be found.</summary>
public enum SbomFileFormat
{
    /// <summary>The file is no SBOM.</summary>
    None = 0,

    /// <summary>CycloneDX JSON.</summary>
    CycloneDxJson,

    /// <summary>CycloneDX XML.</summary>
    CycloneDxXml,

    /// <summary>SPDX 2 JSON.</summary>
    SpdxJson,

    /// <summary>SPDX 2 tag-value.</summary>
    SpdxTagValue,

    /// <summary>SPDX 3 JSON-LD.</summary>
    Spdx3Json,
}

/// <summary>Tells an SBOM from other files, by what it says of itself and never by its name.</summary>
public static class SbomFile
{
    private const string Named = "SBOM";

    /// <summary>The format of a file.</summary>
    /// <param name="file">The file, at its beginning; it is read once, in little memory.</param>
    /// <remarks>Members of JSON stand in any order, so that all of it is looked at. What cannot be read as JSON or XML to the place that tells is none.</remarks>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static SbomFileFormat FormatOf(Stream file)
    {
        ArgumentNullException.ThrowIfNull(file);
        var head = new byte[64];
        var read = file.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
        var text = head.AsSpan(0, read);
        var mark = text.StartsWith("\uFEFF"u8) ? 3 : 0;
        text = text[mark..].TrimStart(" \t\r\n"u8);
        if (text.StartsWith("SPDXVersion:"u8))
        {
            return SbomFileFormat.SpdxTagValue;
        }
        file.Position = mark;
        return text is [(byte)'{', ..] ? OfJson(file)
            : text is [(byte)'<', ..] && IsCycloneDx(file) ? SbomFileFormat.CycloneDxXml
            : SbomFileFormat.None;
    }

    private static SbomFileFormat OfJson(Stream file)
    {
        var members = new Members();
        try
        {
            var input = new ByteReader(file, Named);
            input.Seek(file.Position);
            members.Run(input, file.Length, lines: false);
        }
        catch (MalformedDataException)
        {
            // Whoever reads it as what it says it is tells what is wrong with it.
        }
        return members.Format;
    }

    private static bool IsCycloneDx(Stream file)
    {
        try
        {
            // A document type is refused by whoever reads the document; here it would hide what the document is.
            var settings = CycloneDxXmlValidator.Settings();
            settings.DtdProcessing = DtdProcessing.Ignore;
            using var reader = XmlReader.Create(file, settings);
            return reader.MoveToContent() == XmlNodeType.Element
                && reader.LocalName == "bom"
                && reader.NamespaceURI.StartsWith("http://cyclonedx.org/schema/bom/", StringComparison.Ordinal);
        }
        catch (XmlException)
        {
            return false;
        }
    }

    private sealed class Members() : JsonScanner(Named)
    {
        private bool _isContext;

        internal SbomFileFormat Format { get; private set; }

        protected override void Token(ref Utf8JsonReader reader)
        {
            if (reader.CurrentDepth == 1 && reader.TokenType == JsonTokenType.PropertyName)
            {
                _isContext = Is(ref reader, "@context"u8);
                if (Is(ref reader, "bomFormat"u8))
                {
                    Format = SbomFileFormat.CycloneDxJson;
                }
                else if (Is(ref reader, "spdxVersion"u8))
                {
                    Format = SbomFileFormat.SpdxJson;
                }
            }
            else if (_isContext && reader.TokenType == JsonTokenType.String && reader.ValueSpan.IndexOf("spdx.org/rdf/3"u8) >= 0)
            {
                Format = SbomFileFormat.Spdx3Json;
            }
        }
    }
}
