using System.Collections.Frozen;

namespace ArtifactTrust.Sbom.Licenses;

/// <summary>The identifiers of the SPDX licence list that CycloneDX 1.6 admits.</summary>
/// <remarks>Spec: SPDX licence list 3.24 and later, as in CycloneDX's <c>spdx.schema.json</c>. Identifiers compare without case (SPDX 2.3 annex D).</remarks>
internal static class SpdxLicenses
{
    private const string ExceptionMark = "WITH ";

    private static readonly FrozenDictionary<string, string> Licenses;
    private static readonly FrozenDictionary<string, string> Exceptions;

    static SpdxLicenses()
    {
        using var stream = typeof(SpdxLicenses).Assembly.GetManifestResourceStream("spdx-license-ids.txt")!;
        using var reader = new StreamReader(stream);
        var licenses = new List<string>();
        var exceptions = new List<string>();
        while (reader.ReadLine() is { } line)
        {
            if (line.StartsWith(ExceptionMark, StringComparison.Ordinal))
            {
                exceptions.Add(line[ExceptionMark.Length..]);
            }
            else
            {
                licenses.Add(line);
            }
        }
        Licenses = licenses.ToFrozenDictionary(l => l, StringComparer.OrdinalIgnoreCase);
        Exceptions = exceptions.ToFrozenDictionary(e => e, StringComparer.OrdinalIgnoreCase);
    }

    /// <summary>How many licences are known.</summary>
    internal static int Count => Licenses.Count;

    /// <summary>The identifier in its own spelling, or null.</summary>
    internal static string? Find(string id) => Licenses.GetValueOrDefault(id);

    /// <summary>The exception's identifier in its own spelling, or null.</summary>
    internal static string? FindException(string id) => Exceptions.GetValueOrDefault(id);
}
