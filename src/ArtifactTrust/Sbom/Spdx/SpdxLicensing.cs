using System.Security.Cryptography;
using System.Text;

namespace ArtifactTrust.Sbom.Spdx;

/// <summary>Licences as SPDX expressions; a licence that SPDX does not know becomes a <c>LicenseRef-</c>.</summary>
internal sealed class SpdxLicensing
{
    private readonly SortedDictionary<string, SbomLicense> _own = new(StringComparer.Ordinal);

    /// <summary>The licences that SPDX does not know, by their <c>LicenseRef-</c>, so far.</summary>
    internal IReadOnlyDictionary<string, SbomLicense> Own => _own;

    /// <summary>The text of a licence that SPDX does not know. It is not among the files, and both versions want something all the same.</summary>
    /// <remarks>Spec: SPDX 2.3 clause 10.2; SPDX 3.0.1 SimpleLicensing, <c>licenseText</c>.</remarks>
    internal static string TextOf(SbomLicense license) => $"The licence is named '{license}'; its text was not found.";

    /// <summary>The licences as one expression, or null where none is stated. Several stand beside each other: each applies.</summary>
    internal string? Expression(IReadOnlyList<SbomLicense> licenses)
    {
        var terms = licenses.Select(Term).Distinct(StringComparer.Ordinal).ToList();
        return terms.Count switch
        {
            0 => null,
            1 => terms[0],
            _ => string.Join(" AND ", terms.Select(t => t.Contains(' ', StringComparison.Ordinal) ? $"({t})" : t)),
        };
    }

    private string Term(SbomLicense license)
    {
        if (license.Id is not null || license.Expression is not null)
        {
            foreach (
                var own in (license.Expression ?? "").Split(' ', '(', ')').Where(t => t.StartsWith("LicenseRef-", StringComparison.Ordinal))
            )
            {
                _own.TryAdd(own, SbomLicense.OfName(own));
            }
            return license.ToString();
        }
        var name = license.ToString();
        var spelled = string.Concat(name.Select(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.' ? c : '-')).Trim('-');
        var reference = $"LicenseRef-{spelled}";
        if (spelled != name || spelled.Length > 64)
        {
            // Two names that are spelled alike stay two.
            var mark = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(name)).AsSpan(0, 4));
            reference = $"LicenseRef-{spelled[..Math.Min(64, spelled.Length)]}{(spelled.Length > 0 ? "-" : "")}{mark}";
        }
        _own.TryAdd(reference, license);
        return reference;
    }
}
