using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using ArtifactTrust.Keys;
using ArtifactTrust.Manifests;
using ArtifactTrust.Notation;
using ArtifactTrust.Trust;
using ArtifactTrust.Verification;

namespace ArtifactTrust.Policies;

/// <summary>Who is trusted, and what each subject needs before it may be used. It never asks for nothing.</summary>
/// <remarks>The YAML form is described in <c>docs/policy.md</c>.</remarks>
public sealed class TrustPolicy : IDisposable
{
    /// <summary>The only version of the form.</summary>
    public const int Version = 1;

    /// <summary>The name under which the policy itself enters <see cref="Digest"/>, whatever its file is called.</summary>
    internal const string OwnName = "policy.yaml";

    internal TrustPolicy(
        string name,
        DateTimeOffset? expires,
        PolicySigstore? sigstore,
        IReadOnlyList<PolicyIdentity> identities,
        IReadOnlyList<SubjectRules> subjects,
        Digest fileDigest,
        IEnumerable<ManifestEntry> files
    )
    {
        Name = name;
        Expires = expires;
        Sigstore = sigstore;
        Identities = identities;
        Subjects = subjects;
        FileDigest = fileDigest;
        Digest = new FileManifest(files).DirHash;
    }

    /// <summary>The policy's name, for people.</summary>
    public string Name { get; }

    /// <summary>The first instant at which nothing is allowed any more, UTC; null where there is none.</summary>
    public DateTimeOffset? Expires { get; }

    /// <summary>The instance whose certificates count; null where only keys do.</summary>
    public PolicySigstore? Sigstore { get; }

    /// <summary>The signers the policy knows, in the order written. No key belongs to two.</summary>
    public IReadOnlyList<PolicyIdentity> Identities { get; }

    /// <summary>The rules of each role, in the order written; at least one.</summary>
    public IReadOnlyList<SubjectRules> Subjects { get; }

    /// <summary>SHA-256 of the policy's own bytes.</summary>
    public Digest FileDigest { get; }

    /// <summary>
    /// What identifies the whole decision to trust: SHA-256 over one line <c>hex of SHA-256, two spaces, name</c> for the policy, under the
    /// name <c>policy.yaml</c>, and for each file of keys or certificates it names, in code point order of the names. A change of any of them changes it.
    /// </summary>
    /// <remarks>Spec: in-toto DigestSet v1.1, <c>dirHash</c>, of a directory that holds these files alone.</remarks>
    public Digest Digest { get; }

    /// <summary>Every key of every identity, to verify bundles with; which of them counts now is decided later.</summary>
    public IEnumerable<VerificationKey> Keys => Identities.SelectMany(i => i.Keys).Select(k => k.Key);

    /// <summary>What verifies bundles by certificates: the signers of all identities, with the policy's thresholds. Bundles by keys need no log.</summary>
    /// <param name="root">The instance's keys and certificates, as the policy's profile gives them; the policy's own root comes first.</param>
    /// <exception cref="InvalidOperationException">The policy knows no certificates.</exception>
    public SigstoreTrust CertificateTrust(TrustedRoot root)
    {
        ArgumentNullException.ThrowIfNull(root);
        var sigstore = Sigstore ?? throw new InvalidOperationException("the policy knows no certificates");
        var trust = new SigstoreTrust(sigstore.Root ?? root, [.. Identities.SelectMany(i => i.Certificates)]);
        return new SigstoreTrust(trust.Root, trust.Identities)
        {
            Subjects = [.. Identities.SelectMany(i => i.Subjects)],
            LogThreshold = sigstore.LogThreshold ?? trust.LogThreshold,
            TimeThreshold = sigstore.TimeThreshold ?? trust.TimeThreshold,
            CertificateLogThreshold = sigstore.CertificateLogThreshold ?? trust.CertificateLogThreshold,
            Witnesses = sigstore.Witnesses,
            WitnessThreshold = sigstore.WitnessThreshold,
        };
    }

    /// <summary>What verifies signatures of the Notary Project, by the rule of each identity that has one: a signature is to be given to all of them.</summary>
    /// <param name="time">The clock.</param>
    public IReadOnlyList<NotationVerifier> NotationVerifiers(TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(time);
        return [.. Identities.Select(i => i.Notation).OfType<PolicyNotation>().Select(n => n.Verifier(time))];
    }

    /// <summary>Reads a policy and the key files it names, which lie below the directory that the policy's file really is in.</summary>
    /// <remarks>
    /// A symbolic link to the policy is followed before the directory is taken, so that a policy mounted from a Kubernetes ConfigMap, where
    /// every name is a link into one dated directory, is read from one version of it. Links on the way to a key file are refused.
    /// </remarks>
    /// <exception cref="MalformedDataException">The policy is wrong, or a key file cannot be read; with line and column.</exception>
    /// <exception cref="IOException">The policy's file cannot be read.</exception>
    public static TrustPolicy Load(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var full = Path.GetFullPath(path);
        var target = File.ResolveLinkTarget(full, returnFinalTarget: true)?.FullName ?? full;
        if (target != full && !File.Exists(target))
        {
            // Such as /dev/stdin, whose link leads to what is no path.
            throw new IOException($"'{path}' leads to no file; a policy is a file, beside the keys that it names");
        }
        using var tree = FileTree.Open(Path.GetDirectoryName(target) ?? throw new IOException($"'{path}' is a directory"));
        var policy = ReadAll(tree, Path.GetFileName(target), Limits.PolicyBytes, "policy");
        return Parse(policy, name => ReadAll(tree, name, Limits.TrustedRootBytes, "file of the policy"));
    }

    /// <summary>Reads a policy.</summary>
    /// <param name="utf8">The policy's bytes.</param>
    /// <param name="readKeyFile">
    /// Gives the bytes of a key file or trusted root by the name that the policy uses: a relative path with <c>/</c> between its parts, none of them empty,
    /// <c>.</c> or <c>..</c>. An <see cref="IOException"/> from it is a fault of the policy, at the line that names the file.
    /// </param>
    /// <exception cref="MalformedDataException">The policy is wrong; with line and column.</exception>
    public static TrustPolicy Parse(ReadOnlySpan<byte> utf8, Func<string, ReadOnlyMemory<byte>> readKeyFile)
    {
        ArgumentNullException.ThrowIfNull(readKeyFile);
        var document = YamlDocument.Parse(utf8, "policy");
        return new PolicyReader(readKeyFile).Read(document, DigestAlgorithm.Sha256.Hash(utf8), utf8.Length);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var key in Keys)
        {
            key.Dispose();
        }
    }

    private static byte[] ReadAll(FileTree tree, string name, int limit, string format)
    {
        using var stream = tree.OpenRead(name);
        StrictJson.CheckLength(stream.Length, format, limit);
        // The file may grow while it is read, so its length is no bound: one byte more than it shows that it did.
        var buffer = new byte[stream.Length + 1];
        var length = stream.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
        return length < buffer.Length ? buffer[..length] : throw new IOException($"'{name}' grew while it was read");
    }
}
