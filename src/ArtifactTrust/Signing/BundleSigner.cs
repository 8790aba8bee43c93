using ArtifactTrust.Attestations;
using ArtifactTrust.Attestations.Predicates;
using ArtifactTrust.Bundles;
using ArtifactTrust.Envelopes;
using ArtifactTrust.Hashing;
using ArtifactTrust.Keys;
using ArtifactTrust.Manifests;
using ArtifactTrust.Verification;

namespace ArtifactTrust.Signing;

/// <summary>Makes bundles with a managed key.</summary>
/// <param name="key">The key; the caller disposes of it.</param>
public sealed class BundleSigner(SigningKey key)
{
    /// <summary>Signs a file's bytes, as <c>cosign sign-blob</c> does.</summary>
    /// <exception cref="IOException">The file cannot be read, or changed meanwhile.</exception>
    public Bundle SignFile(ArtifactFile file, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(file);
        MessageSignature message;
        if (key.Algorithm.PreHash is { } preHash)
        {
            var digest = file.Digest(preHash);
            message = new MessageSignature(digest, key.SignDigest(digest));
        }
        else
        {
            message = new MessageSignature(null, key.SignFile(file.Handle, cancellation: cancellation));
            file.CheckUnchanged();
        }
        return Bundle.ForMessage(message, KeyHint.ForSigstore(key.PublicKey));
    }

    /// <summary>Signs a model or dataset as OpenSSF Model Signing v1.0 has it.</summary>
    /// <param name="name">The directory's own name, for people.</param>
    /// <param name="manifest">The files.</param>
    /// <param name="ignored">The paths that were left out.</param>
    /// <exception cref="ArgumentException">There is no file.</exception>
    public Bundle SignModel(string name, FileManifest manifest, IgnoreRules ignored)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        ArgumentNullException.ThrowIfNull(ignored);
        if (manifest.Entries.Count == 0)
        {
            throw new ArgumentException("a model without files cannot be signed", nameof(manifest));
        }
        // Only the root: the published clients want exactly this digest. The predicate itself binds the names.
        var subject = new ResourceDescriptor(name, null, new DigestSet(manifest.RootDigest));
        var predicate = new ModelSignature(manifest.Entries, ignored.Paths).ToJson();
        return Envelope(new Statement([subject], ModelSignature.TypeUri, predicate), KeyHint.ForModel(key.PublicKey));
    }

    /// <summary>Signs the manifest of an image, as cosign 3 does.</summary>
    public Bundle SignImage(Digest manifest)
    {
        using var empty = System.Text.Json.JsonDocument.Parse("{}");
        var subject = new ResourceDescriptor(null, null, new DigestSet(manifest));
        return SignStatement(new Statement([subject], BundleVerifier.ImageSignatureType, empty.RootElement.Clone()));
    }

    /// <summary>Signs a statement.</summary>
    public Bundle SignStatement(Statement statement) => Envelope(statement, KeyHint.ForSigstore(key.PublicKey));

    private Bundle Envelope(Statement statement, string hint)
    {
        ArgumentNullException.ThrowIfNull(statement);
        var payload = statement.ToUtf8Bytes();
        var signature = key.Sign(DsseEnvelope.PreAuthenticationEncoding(Statement.PayloadType, payload));
        return Bundle.ForEnvelope(new DsseEnvelope(Statement.PayloadType, payload, [new DsseSignature(signature)]), hint);
    }
}
