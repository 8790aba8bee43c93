using ArtifactTrust.Trust;

namespace ArtifactTrust.Policies;

/// <summary>The Sigstore instance, or one's own authority, whose certificates a policy's identities may sign with. It has a profile or a root, and never both.</summary>
/// <param name="Profile">The name of the gate's profile for the instance; null where the policy has the root itself.</param>
/// <param name="Root">The instance's keys and certificates; null where the profile gives them.</param>
/// <param name="File">The file the root came from, or the root certificates of one's own authority, as the policy names it; null with a profile.</param>
public sealed record PolicySigstore(string? Profile, TrustedRoot? Root, string? File)
{
    /// <summary>How many different logs must hold a signature; null for what the verifier asks for by itself.</summary>
    public int? LogThreshold { get; init; }

    /// <summary>How many different sources must have told a time; null for what the verifier asks for by itself.</summary>
    public int? TimeThreshold { get; init; }

    /// <summary>How many different logs must have promised to publish a certificate; null for what the verifier asks for by itself.</summary>
    public int? CertificateLogThreshold { get; init; }

    /// <summary>The witnesses of the logs, as verifier keys; none unless the policy names some.</summary>
    public IReadOnlyList<Transparency.NoteKey> Witnesses { get; init; } = [];

    /// <summary>How many of <see cref="Witnesses"/> must have cosigned the checkpoint of every log entry that counts.</summary>
    public int WitnessThreshold { get; init; }
}
