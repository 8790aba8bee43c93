using ArtifactTrust.Sbom.Licenses;

namespace ArtifactTrust.Sbom.Validation;

/// <summary>Whether a text is a licence expression of licences that are known.</summary>
internal static class SpdxExpression
{
    /// <summary>Whether it is one licence, one <c>LicenseRef-</c>, or an expression of such.</summary>
    internal static bool IsValid(string text) =>
        SpdxLicenses.Find(text) is not null
        || text.StartsWith("LicenseRef-", StringComparison.Ordinal) && !text.Any(char.IsWhiteSpace)
        || text.StartsWith("DocumentRef-", StringComparison.Ordinal) && text.Contains(":LicenseRef-", StringComparison.Ordinal)
        || text.EndsWith('+') && SpdxLicenses.Find(text[..^1]) is not null
        || LicenseParser.Expression(text) is not null;
}
