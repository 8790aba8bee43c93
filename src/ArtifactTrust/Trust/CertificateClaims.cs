using System.Diagnostics.CodeAnalysis;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Trust;

/// <summary>The names of what a certificate can say of its holder beside name and issuer.</summary>
/// <remarks>Spec: Fulcio, "OID information" (arc 1.3.6.1.4.1.57264.1).</remarks>
public static class CertificateClaims
{
    internal const string Arc = "1.3.6.1.4.1.57264.1.";

    // 1 and 8 are the issuer, and 7 is a name.
    private static readonly Claim[] Known =
    [
        new(2, "githubWorkflowTrigger", false),
        new(3, "githubWorkflowSHA", false),
        new(4, "githubWorkflowName", false),
        new(5, "githubWorkflowRepository", false),
        new(6, "githubWorkflowRef", false),
        new(9, "buildSignerURI", true),
        new(10, "buildSignerDigest", true),
        new(11, "runnerEnvironment", true),
        new(12, "sourceRepositoryURI", true),
        new(13, "sourceRepositoryDigest", true),
        new(14, "sourceRepositoryRef", true),
        new(15, "sourceRepositoryIdentifier", true),
        new(16, "sourceRepositoryOwnerURI", true),
        new(17, "sourceRepositoryOwnerIdentifier", true),
        new(18, "buildConfigURI", true),
        new(19, "buildConfigDigest", true),
        new(20, "buildTrigger", true),
        new(21, "runInvocationURI", true),
        new(22, "sourceRepositoryVisibilityAtSigning", true),
        new(23, "deploymentEnvironment", true),
    ];

    private static readonly Dictionary<string, Claim> Oids = Known.ToDictionary(c => c.Oid, StringComparer.Ordinal);

    /// <summary>The names known here, in the order of their object identifiers.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Known.Select(c => c.Name)];

    /// <summary>The name by which <see cref="CertificateIdentity.Claims"/> has a claim.</summary>
    /// <param name="text">One of <see cref="Names"/>, or an object identifier in Fulcio's arc; the issuer and the names have rules of their own.</param>
    /// <param name="name">The name, or the object identifier where it has no name here.</param>
    /// <param name="reason">Why it is none, with the nearest name.</param>
    public static bool TryParse(string text, [NotNullWhen(true)] out string? name, [NotNullWhen(false)] out string? reason)
    {
        ArgumentNullException.ThrowIfNull(text);
        (name, reason) = (null, null);
        if (Names.Contains(text, StringComparer.Ordinal))
        {
            name = text;
        }
        else if (text.StartsWith(Arc, StringComparison.Ordinal) && IsNumber(text[Arc.Length..]))
        {
            name =
                Oids.TryGetValue(text, out var known) ? known.Name
                : text[Arc.Length..] is "1" or "7" or "8" ? null
                : text;
            reason = name is null ? $"'{text}' is the issuer or the subject, which have conditions of their own" : null;
        }
        else
        {
            var excerpt = (text.Length <= 64 ? text : text[..64] + "…").ReplaceLineEndings("\\n");
            reason =
                $"there is no certificate extension '{excerpt}'"
                + (Spelling.Hint(text, Names) is { Length: > 0 } hint ? hint : $"; there are {string.Join(", ", Names)}");
        }
        return name is not null;
    }

    internal static Claim? ByOid(string oid) => Oids.GetValueOrDefault(oid);

    private static bool IsNumber(string text) =>
        text.Length is > 0 and <= 9 && text[0] != '0' && !text.AsSpan().ContainsAnyExceptInRange('0', '9');

    /// <param name="Number">The last arc of the object identifier.</param>
    /// <param name="Name">Fulcio's name, in camel case.</param>
    /// <param name="IsDer">Whether the value is a DER string, and not bare text.</param>
    internal sealed record Claim(int Number, string Name, bool IsDer)
    {
        internal string Oid { get; } = Arc + Number.ToString(System.Globalization.CultureInfo.InvariantCulture);
    }
}
