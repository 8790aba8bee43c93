using System.Text.Json;

namespace ArtifactTrust.Scanning;

/// <summary>The members of JSON that findings have in every form they are written in.</summary>
public static class FindingJson
{
    /// <summary>Writes the package: <c>package</c>, <c>purl</c>, <c>installedVersion</c>, <c>fixedVersion</c> and <c>status</c>, each where it is known.</summary>
    /// <param name="writer">Inside of an object.</param>
    /// <param name="finding">The finding.</param>
    public static void WritePackage(Utf8JsonWriter writer, Finding finding)
    {
        ArgumentNullException.ThrowIfNull(writer);
        ArgumentNullException.ThrowIfNull(finding);
        WriteKnown(writer, "package", finding.Package);
        WriteKnown(writer, "purl", finding.Purl);
        WriteKnown(writer, "installedVersion", finding.InstalledVersion);
        WriteKnown(writer, "fixedVersion", finding.FixedVersion);
        WriteKnown(writer, "status", finding.Status);
    }

    /// <summary>Writes a member, unless its text is empty or not known.</summary>
    /// <param name="writer">Inside of an object.</param>
    /// <param name="name">The member's name.</param>
    /// <param name="value">Its text.</param>
    public static void WriteKnown(Utf8JsonWriter writer, string name, string? value)
    {
        ArgumentNullException.ThrowIfNull(writer);
        if (value is { Length: > 0 })
        {
            writer.WriteString(name, value);
        }
    }
}
