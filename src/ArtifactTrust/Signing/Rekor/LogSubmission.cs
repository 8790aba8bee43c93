using ArtifactTrust.Bundles;
using ArtifactTrust.Envelopes;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using ArtifactTrust.Verification;

namespace ArtifactTrust.Signing.Rekor;

/// <summary>A signature that is to be logged.</summary>
/// <param name="Signer">Whose it is.</param>
/// <param name="Message">The signature of a message, or null.</param>
/// <param name="Envelope">The signed envelope, or null.</param>
/// <param name="SignedDigest">The digest that was signed: of the message, or of what the envelope encodes to. Null where the algorithm signs no digest.</param>
internal sealed record LogSubmission(SignerKey Signer, MessageSignature? Message, DsseEnvelope? Envelope, Digest? SignedDigest)
{
    /// <summary>The raw signature.</summary>
    internal ReadOnlyMemory<byte> Signature => Envelope?.Signatures[0].Value ?? Message!.Signature;

    /// <summary>The certificate or the key, PEM, as logs of the first version take it.</summary>
    internal byte[] VerifierPem =>
        System.Text.Encoding.ASCII.GetBytes(Pem.Encode(Signer.Certificate is null ? "PUBLIC KEY" : "CERTIFICATE", Signer.LoggedBytes.Span));

    /// <summary>Why the entry is of something else, or null.</summary>
    internal string? Problem(TransparencyLogEntry entry) =>
        LogEntryBody.Problem(
            entry,
            Bundle.Create(new VerificationMaterial { PublicKeyHint = "" }, Envelope, Message),
            Signer,
            algorithm => algorithm == Message?.MessageDigest?.Algorithm ? Message.MessageDigest : null
        );

    /// <summary>Throws where the entry is of something else.</summary>
    internal TransparencyLogEntry Check(TransparencyLogEntry entry, Uri url) =>
        Problem(entry) is { } problem
            ? throw new SigningServiceException(
                SigningServiceKind.TransparencyLog,
                url,
                $"it tells of another entry than the one that was sent: {ServiceClient.Clean(problem)}"
            )
            : entry;
}
