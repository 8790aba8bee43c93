using ArtifactTrust.Sbom.CycloneDx;
using ArtifactTrust.Sbom.Spdx;

namespace ArtifactTrust.Sbom;

/// <summary>Writes an SBOM in any of the formats. The same document gives the same bytes.</summary>
public static class SbomWriter
{
    /// <summary>The document as UTF-8 text, indented, with a line feed at its end.</summary>
    /// <param name="document">The document.</param>
    /// <param name="format">The format.</param>
    /// <param name="version">The version, where the format is CycloneDX; of no meaning for others.</param>
    public static byte[] ToBytes(SbomDocument document, SbomFormat format, CycloneDxVersion version = CycloneDxVersion.V16)
    {
        using var stream = new MemoryStream();
        Write(document, stream, format, version);
        return stream.ToArray();
    }

    /// <summary>Writes the document as UTF-8 text, indented, with a line feed at its end.</summary>
    /// <param name="document">The document.</param>
    /// <param name="stream">Where to.</param>
    /// <param name="format">The format.</param>
    /// <param name="version">The version, where the format is CycloneDX; of no meaning for others.</param>
    /// <exception cref="IOException">The stream cannot be written.</exception>
    public static void Write(SbomDocument document, Stream stream, SbomFormat format, CycloneDxVersion version = CycloneDxVersion.V16)
    {
        switch (format)
        {
            case SbomFormat.CycloneDxJson:
                CycloneDxJsonWriter.Write(document, stream, version);
                break;
            case SbomFormat.CycloneDxXml:
                CycloneDxXmlWriter.Write(document, stream, version);
                break;
            case SbomFormat.SpdxJson:
                SpdxJsonWriter.Write(document, stream);
                break;
            case SbomFormat.Spdx3Json:
                Spdx3JsonWriter.Write(document, stream);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(format), format, "no such format");
        }
    }
}
