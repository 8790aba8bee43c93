using ArtifactTrust.Formats;

namespace ArtifactTrust.Notation;

/// <summary>A trust policy of the Notary Project for OCI artifacts: which rule holds for a repository, and whom it trusts.</summary>
/// <remarks>
/// Spec: Notary Project, "Trust Store and Trust Policy Specification", version 1.0. Every rule is enforced as <c>strict</c>: a milder level, and what
/// overrides one, are read and change nothing.
/// </remarks>
public sealed class NotationTrustPolicy
{
    internal NotationTrustPolicy(IReadOnlyList<NotationTrustRule> rules) => Rules = rules;

    /// <summary>The rules, in the file's order.</summary>
    public IReadOnlyList<NotationTrustRule> Rules { get; }

    /// <summary>Reads a <c>trustpolicy.oci.json</c>.</summary>
    /// <exception cref="MalformedDataException">It is not a policy, or one that could be read in two ways.</exception>
    public static NotationTrustPolicy Parse(ReadOnlyMemory<byte> utf8) => TrustPolicyReader.Read(utf8);

    /// <summary>The rule for a repository: the one that names it, else the one for all; null where there is none.</summary>
    /// <param name="repository">Host and repository, such as <c>registry.example.com/models/vad</c>; null for what is in no registry.</param>
    public NotationTrustRule? Find(string? repository) =>
        Rules.FirstOrDefault(r => repository is not null && r.Scopes.Contains(repository, StringComparer.Ordinal))
        ?? Rules.FirstOrDefault(r => r.Scopes.Contains(NotationTrustRule.All));
}

/// <summary>One rule of a <see cref="NotationTrustPolicy"/>.</summary>
public sealed class NotationTrustRule
{
    internal const string All = "*";

    internal NotationTrustRule(string name, IReadOnlyList<string> scopes, string level) => (Name, Scopes, Level) = (name, scopes, level);

    /// <summary>The rule's name.</summary>
    public string Name { get; }

    /// <summary>The repositories it is for, or <c>*</c> alone.</summary>
    public IReadOnlyList<string> Scopes { get; }

    /// <summary>The level that the file asks for: <c>strict</c>, <c>permissive</c>, <c>audit</c> or <c>skip</c>.</summary>
    public string Level { get; }

    /// <summary>Whether the file asks for anything milder than what is done here.</summary>
    public bool IsMilder => Level != "strict" || HasOverrides;

    internal bool HasOverrides { get; init; }

    /// <summary>Whether a time stamp is looked at only where a certificate has expired.</summary>
    internal bool TimestampAfterExpiryOnly { get; init; }

    /// <summary>Type and name of each trust store.</summary>
    internal IReadOnlyList<(string Type, string Name)> Stores { get; init; } = [];

    /// <summary>The names that are trusted; null for any holder.</summary>
    internal IReadOnlyList<SubjectName>? Identities { get; init; } = [];
}
