using ArtifactTrust.Formats;
using ArtifactTrust.Keys;
using ArtifactTrust.Trust;

namespace ArtifactTrust.Signing;

/// <summary>What signs: a key alone, or a key with the certificate that says whose it is.</summary>
public sealed class Credential : IDisposable
{
    private readonly bool _ownsKey;

    private Credential(SigningKey key, ReadOnlyMemory<byte>? certificate, bool ownsKey, bool isOfInstance = true)
    {
        ArgumentNullException.ThrowIfNull(key);
        Key = key;
        _ownsKey = ownsKey;
        if (certificate is not { } der)
        {
            return;
        }
        using var parsed = Certificates.Read(der.Span, "certificate");
        if (!parsed.PublicKey.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(key.PublicKey.SubjectPublicKeyInfo.Span))
        {
            throw new ArgumentException("the certificate is for another key than the one that would sign", nameof(certificate));
        }
        var identity = CertificateIdentity.Read(parsed);
        Names = Trust.Certificate.Read(parsed.RawData, "certificate").ReadNames();
        if (isOfInstance && (identity.Names.Count == 0 || identity.Issuer is null))
        {
            throw new ArgumentException(
                "the certificate names no signer, or not the issuer that vouches for the name (1.3.6.1.4.1.57264.1.8), so no verifier could accept it",
                nameof(certificate)
            );
        }
        Certificate = der.ToArray();
        Identity = identity;
        (NotBefore, NotAfter) = (
            new DateTimeOffset(parsed.NotBefore.ToUniversalTime()),
            new DateTimeOffset(parsed.NotAfter.ToUniversalTime())
        );
    }

    /// <summary>The public half of the key.</summary>
    public VerificationKey PublicKey => Key.PublicKey;

    /// <summary>The certificate, DER; null for a key alone.</summary>
    public ReadOnlyMemory<byte>? Certificate { get; }

    /// <summary>Whom the certificate is of; null for a key alone.</summary>
    public CertificateIdentity? Identity { get; }

    /// <summary>From when the certificate is valid; null for a key alone.</summary>
    public DateTimeOffset? NotBefore { get; }

    /// <summary>Until when the certificate is valid; null for a key alone.</summary>
    public DateTimeOffset? NotAfter { get; }

    /// <summary>The chain written into the bundle of a model, DER, the signer's certificate first; empty for other credentials.</summary>
    internal IReadOnlyList<ReadOnlyMemory<byte>> ModelChain { get; private init; } = [];

    /// <summary>The certificates above it, DER, without the root; none unless they were given.</summary>
    internal IReadOnlyList<ReadOnlyMemory<byte>> Further { get; private init; } = [];

    /// <summary>The names that the certificate gives its holder; none for a key alone.</summary>
    internal IReadOnlyList<string> Names { get; } = [];

    /// <summary>Whether there is a certificate, and no name in it by which a verifier could accept its holder.</summary>
    internal bool IsNameless => Certificate is not null && Names.Count + Identity!.Names.Count == 0;

    internal SigningKey Key { get; }

    /// <summary>A managed key, known to verifiers.</summary>
    /// <param name="key">The key; the caller disposes of it.</param>
    public static Credential FromKey(SigningKey key) => new(key, null, false);

    /// <summary>A key with a certificate by an authority of one's own.</summary>
    /// <param name="key">The key; the caller disposes of it.</param>
    /// <param name="certificate">Its certificate, DER. The authority's own certificates are in the trusted root of those who verify.</param>
    /// <exception cref="MalformedDataException">It is no certificate.</exception>
    /// <exception cref="ArgumentException">It is for another key, or names nobody.</exception>
    public static Credential FromCertificate(SigningKey key, ReadOnlyMemory<byte> certificate) => new(key, certificate, false);

    /// <summary>A key with the certificate chain that model signing's certificate method writes into the bundle.</summary>
    /// <param name="key">The key; the caller disposes of it.</param>
    /// <param name="certificate">PEM: its certificate alone.</param>
    /// <param name="chain">PEM: the certificates above it, the next one first, with or without the root; empty where there are none.</param>
    /// <param name="clock">The clock, by which the certificate must be valid.</param>
    /// <exception cref="MalformedDataException">A file holds no certificates, or the first more than one.</exception>
    /// <exception cref="ArgumentException">The certificate is for another key, is not for signing code, or is not valid now.</exception>
    public static Credential FromModelChain(SigningKey key, ReadOnlySpan<byte> certificate, ReadOnlySpan<byte> chain, TimeProvider clock)
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(clock);
        var leaves = CertificateFile.Read(certificate);
        if (leaves is not [var first])
        {
            throw new MalformedDataException("certificate file", "$", "one certificate is expected, and those above it apart from it");
        }
        var leaf = Trust.Certificate.Read(first.RawData, "certificate 0");
        var now = clock.GetUtcNow();
        var problem =
            !leaf.SubjectPublicKeyInfo.Span.SequenceEqual(key.PublicKey.SubjectPublicKeyInfo.Span)
                ? "the certificate is for another key than the one that would sign"
            : leaf.ExtendedKeyUsage?.Contains(CertificatePath.CodeSigning) != true || !leaf.MaySign
                ? "the certificate is not for signing code, so no verifier could accept it"
            : now < leaf.NotBefore || now > leaf.NotAfter
                ? $"the certificate is valid from {Rfc3339.Format(leaf.NotBefore)} to {Rfc3339.Format(leaf.NotAfter)}"
            : null;
        return problem is not null
            ? throw new ArgumentException(problem, nameof(certificate))
            : new Credential(key, null, false)
            {
                ModelChain =
                [
                    first.RawData,
                    .. chain.IsEmpty ? [] : CertificateFile.Read(chain).Select(c => (ReadOnlyMemory<byte>)c.RawData),
                ],
            };
    }

    /// <summary>
    /// A key with a certificate by an authority of one's own, which needs to name no OpenID Connect issuer. One that names nobody at all, as those
    /// of OpenSSF Model Signing's certificate method may, signs models only.
    /// </summary>
    /// <param name="key">The key; the caller disposes of it.</param>
    /// <param name="chain">PEM: the key's certificate first, then those of the authorities above it, as far as verifiers may lack them. A root at
    /// its end is left out of bundles: nobody takes one from there.</param>
    /// <exception cref="MalformedDataException">It is no such file.</exception>
    /// <exception cref="ArgumentException">The first certificate is for another key, or is not for code signing.</exception>
    public static Credential FromChain(SigningKey key, ReadOnlySpan<byte> chain)
    {
        var read = CertificateFile.Read(chain);
        try
        {
            var certificates = read.Select((c, i) => Trust.Certificate.Read(c.RawData, $"certificate {i}")).ToList();
            return certificates[0].ExtendedKeyUsage?.Contains(CertificatePath.CodeSigning) == true && certificates[0].IsAuthority != true
                ? new(key, certificates[0].Der, false, isOfInstance: false)
                {
                    Further = [.. certificates.Skip(1).Where(c => !c.IsSelfIssued).Select(c => c.Der)],
                }
                : throw new ArgumentException(
                    "the first certificate is not one for code signing (extended key usage 1.3.6.1.5.5.7.3.3), or is that of an authority",
                    nameof(chain)
                );
        }
        finally
        {
            foreach (var certificate in read)
            {
                certificate.Dispose();
            }
        }
    }

    /// <summary>A key made for this certificate, which is gone with this object.</summary>
    internal static Credential Ephemeral(SigningKey key, ReadOnlyMemory<byte> certificate) => new(key, certificate, true);

    /// <summary>Releases the key, where it was made for this credential.</summary>
    public void Dispose()
    {
        if (_ownsKey)
        {
            Key.Dispose();
        }
    }
}
