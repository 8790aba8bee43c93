using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using ArtifactTrust.Bundles;
using ArtifactTrust.Hashing;
using ArtifactTrust.Signing.Rekor;

namespace ArtifactTrust.Signing;

public sealed partial class BundleSigner
{
    /// <summary>Signs an image as cosign did before bundles.</summary>
    /// <param name="payload">What is signed.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <exception cref="SigningServiceException">A service did not do its part, or the log makes no promises, which this form stores.</exception>
    /// <exception cref="UnverifiableBundleException">What the services gave does not verify.</exception>
    public async Task<LegacySignature> SignLegacyImageAsync(SimpleSigningPayload payload, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(payload);
        var plan = LegacyPlan(isMessage: true);
        var bytes = payload.ToUtf8Bytes();
        var key = _credential.Key;
        var message = key.Algorithm.PreHash?.Hash(bytes) is { } digest
            ? new MessageSignature(digest, key.SignDigest(digest))
            : new MessageSignature(null, key.Sign(bytes));
        var bundle = await CompleteAsync(plan, new LogSubmission(_signer, message, null, message.MessageDigest), "", cancellation)
            .ConfigureAwait(false);
        var (certificates, entry, timestamp) = Parts(bundle);
        var signature = LegacySignature.OfImage(bytes, message.Signature.Span, certificates, entry, timestamp);
        return Verified(plan, signature, payload.ManifestDigest);
    }

    /// <summary>An attestation about an image in the form that cosign had before bundles.</summary>
    /// <param name="statement">The statement.</param>
    /// <param name="manifest">The digest of the image's manifest, one of the statement's subjects.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <exception cref="SigningServiceException">A service did not do its part, or the log makes no promises, which this form stores.</exception>
    /// <exception cref="UnverifiableBundleException">What the services gave does not verify.</exception>
    public async Task<LegacySignature> SignLegacyStatementAsync(
        Attestations.Statement statement,
        Digest manifest,
        CancellationToken cancellation = default
    )
    {
        ArgumentNullException.ThrowIfNull(statement);
        var plan = LegacyPlan(isMessage: false);
        var bundle = await SignStatementAsync(statement, cancellation).ConfigureAwait(false);
        var (certificates, entry, timestamp) = Parts(bundle);
        var buffer = new ArrayBufferWriter<byte>();
        // Byte for byte what the log was sent: cosign compares the digest of these bytes with the log's.
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            bundle.Envelope!.WriteTo(writer);
        }
        var signature = LegacySignature.OfAttestation(
            buffer.WrittenMemory.ToArray(),
            statement.PredicateType,
            certificates,
            entry,
            timestamp
        );
        return Verified(plan, signature, manifest);
    }

    /// <summary>What is stored is read again and verified, as every verifier will.</summary>
    private LegacySignature Verified(SigningPlan plan, LegacySignature signature, Digest manifest)
    {
        var report = Verifier(plan).VerifyLegacy(signature, manifest);
        return report.IsVerified ? signature : throw new UnverifiableBundleException(report);
    }

    private static (IReadOnlyList<ReadOnlyMemory<byte>>, TransparencyLogEntry?, ReadOnlyMemory<byte>?) Parts(Bundle bundle)
    {
        var material = bundle.Material;
        return (
            material.Certificates,
            material.LogEntries is [var entry, ..] ? entry : null,
            material.Timestamps is [var first, ..] ? first : (ReadOnlyMemory<byte>?)null
        );
    }

    /// <summary>The services. The form has room for one record, of a log that makes promises.</summary>
    private SigningPlan LegacyPlan(bool isMessage)
    {
        var plan = Plan(isMessage);
        return plan.Logs.FirstOrDefault(l => l.MajorApiVersion != 1) is { } log
                ? throw new SigningServiceException(
                    SigningServiceKind.TransparencyLog,
                    log.Url,
                    "the legacy form stores a promise of a log of version 1, and this log makes none",
                    "sign in the bundle form, or name a log of version 1 in the signing config"
                )
            : plan.Logs.Count > 1
                ? throw new SigningServiceException(
                    SigningServiceKind.TransparencyLog,
                    plan.Logs[1].Url,
                    "the legacy form has room for one record, and several logs were asked for",
                    "sign in the bundle form"
                )
            : plan;
    }
}
