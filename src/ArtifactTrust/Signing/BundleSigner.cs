using ArtifactTrust.Attestations;
using ArtifactTrust.Attestations.Predicates;
using ArtifactTrust.Bundles;
using ArtifactTrust.Envelopes;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using ArtifactTrust.Keys;
using ArtifactTrust.Manifests;
using ArtifactTrust.Signing.Rekor;
using ArtifactTrust.Trust;
using ArtifactTrust.Verification;

namespace ArtifactTrust.Signing;

/// <summary>Makes bundles: by a key alone, or with the log entries and times of a Sigstore instance. Safe to use from several threads.</summary>
/// <remarks>
/// A bundle is read again from its bytes and verified before it is handed out: with the key, or for the trusted root, exactly this signer, and
/// all the logs that were asked.
/// </remarks>
public sealed partial class BundleSigner
{
    private readonly Credential _credential;
    private readonly SigstoreServices? _services;
    private readonly TrustedRoot? _root;
    private readonly SignerKey _signer;
    private readonly TimeProvider? _ownTime;

    /// <summary>A signer that needs no service.</summary>
    /// <param name="credential">A managed key; the caller disposes of it.</param>
    /// <exception cref="ArgumentException">The credential has a certificate, whose short life needs a signed time.</exception>
    public BundleSigner(Credential credential)
    {
        ArgumentNullException.ThrowIfNull(credential);
        if (credential.Certificate is not null)
        {
            throw new ArgumentException("a signature with a certificate needs a signed time, and so services", nameof(credential));
        }
        _credential = credential;
        _signer = new SignerKey(credential.PublicKey, null);
    }

    /// <summary>A signer that logs signatures and has their time signed, as the services' signing config says.</summary>
    /// <param name="credential">A managed key, or a key with its certificate; the caller disposes of it.</param>
    /// <param name="services">The services.</param>
    /// <param name="root">The instance's keys and certificates, by which verifiers will judge.</param>
    public BundleSigner(Credential credential, SigstoreServices services, TrustedRoot root)
    {
        ArgumentNullException.ThrowIfNull(credential);
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(root);
        (_credential, _services, _root) = (credential, services, root);
        _signer = new SignerKey(credential.PublicKey, credential.Certificate);
    }

    /// <summary>A signer with a certificate by an authority of one's own.</summary>
    /// <param name="credential">The key with its certificate, from <see cref="Credential.FromChain"/>; the caller disposes of it.</param>
    /// <param name="authority">The authority, as verifiers will trust it; see <see cref="TrustedRoot.ForAuthority"/>.</param>
    /// <param name="time">The clock.</param>
    /// <param name="timestamps">The time-stamp authorities; null for none: the signature is worth nothing once the certificate has ended.</param>
    /// <exception cref="ArgumentException">The credential has no certificate, or the authority is a Sigstore instance.</exception>
    public BundleSigner(Credential credential, TrustedRoot authority, TimeProvider time, SigstoreServices? timestamps = null)
    {
        ArgumentNullException.ThrowIfNull(credential);
        ArgumentNullException.ThrowIfNull(authority);
        ArgumentNullException.ThrowIfNull(time);
        if (credential.Certificate is null || !authority.IsOwnAuthority)
        {
            throw new ArgumentException("a certificate, and the authority of one's own that issued it, are expected", nameof(credential));
        }
        (_credential, _services, _root, _ownTime) = (credential, timestamps, authority, time);
        _signer = new SignerKey(credential.PublicKey, credential.Certificate);
    }

    /// <summary>Signs a file's bytes, as <c>cosign sign-blob</c> does.</summary>
    /// <exception cref="IOException">The file cannot be read, or changed meanwhile.</exception>
    /// <exception cref="SigningServiceException">A service did not do its part, or the log takes no signatures by such keys.</exception>
    /// <exception cref="UnverifiableBundleException">What the services gave does not verify.</exception>
    public async Task<Bundle> SignFileAsync(ArtifactFile file, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(file);
        var plan = Plan(isMessage: true);
        var key = _credential.Key;
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
        var submission = new LogSubmission(_signer, message, null, message.MessageDigest);
        var bundle = await CompleteAsync(plan, submission, KeyHint.ForSigstore(key.PublicKey), cancellation).ConfigureAwait(false);
        var report = Verifier(plan).VerifyMessage(bundle, file, cancellation);
        return report.IsVerified ? bundle : throw new UnverifiableBundleException(report);
    }

    /// <summary>Signs a model or dataset as OpenSSF Model Signing v1.0 has it.</summary>
    /// <param name="name">The directory's own name, for people.</param>
    /// <param name="manifest">The files.</param>
    /// <param name="ignored">The paths that were left out.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <exception cref="MalformedDataException">There is no file.</exception>
    /// <exception cref="SigningServiceException">A service did not do its part, or the log takes no signatures by such keys.</exception>
    /// <exception cref="UnverifiableBundleException">What the services gave does not verify.</exception>
    public Task<Bundle> SignModelAsync(string name, FileManifest manifest, IgnoreRules ignored, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(ignored);
        return SignModelAsync(name, manifest, new ModelSerialization { IgnorePaths = ignored.Paths }, cancellation: cancellation);
    }

    /// <summary>Signs a model or dataset as OpenSSF Model Signing v1.0 has it.</summary>
    /// <param name="name">The directory's own name, for people.</param>
    /// <param name="manifest">The files, in the form that the serialization names.</param>
    /// <param name="serialization">How the files were chosen and hashed.</param>
    /// <param name="kind">What it is.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <exception cref="MalformedDataException">There is no file, or the manifest is of another form.</exception>
    /// <exception cref="SigningServiceException">A service did not do its part, or the log takes no signatures by such keys.</exception>
    /// <exception cref="UnverifiableBundleException">What the services gave does not verify.</exception>
    public Task<Bundle> SignModelAsync(
        string name,
        FileManifest manifest,
        ModelSerialization serialization,
        ModelKind kind = ModelKind.Model,
        CancellationToken cancellation = default
    )
    {
        ArgumentNullException.ThrowIfNull(manifest);
        var predicate = new ModelSignature(manifest.Entries, serialization);
        // Only the root: the published clients want exactly this digest. The predicate itself binds the names.
        var subject = new ResourceDescriptor(name, null, new DigestSet(predicate.RootDigest))
        {
            Annotations = ModelSignature.AnnotationsOf(kind),
        };
        return SignAsync(ModelStatement.Write(subject, predicate), KeyHint.ForModel(_credential.PublicKey), cancellation, isModel: true);
    }

    /// <summary>Signs the manifest of an image, as cosign 3 does.</summary>
    /// <exception cref="SigningServiceException">A service did not do its part, or the log takes no signatures by such keys.</exception>
    /// <exception cref="UnverifiableBundleException">What the services gave does not verify.</exception>
    public Task<Bundle> SignImageAsync(Digest manifest, CancellationToken cancellation = default) =>
        SignImageAsync(manifest, null, cancellation);

    /// <summary>Signs the manifest of an image, and says something of it, as <c>cosign sign -a</c> does.</summary>
    /// <param name="manifest">The digest of the manifest.</param>
    /// <param name="annotations">What to say, name by name; null for nothing.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <exception cref="SigningServiceException">A service did not do its part, or the log takes no signatures by such keys.</exception>
    /// <exception cref="UnverifiableBundleException">What the services gave does not verify.</exception>
    public Task<Bundle> SignImageAsync(
        Digest manifest,
        IReadOnlyDictionary<string, string>? annotations,
        CancellationToken cancellation = default
    )
    {
        using var empty = System.Text.Json.JsonDocument.Parse("{}");
        var subject = new ResourceDescriptor(null, null, new DigestSet(manifest));
        subject = annotations is null ? subject : subject with { Annotations = annotations };
        return SignStatementAsync(new Statement([subject], BundleVerifier.ImageSignatureType, empty.RootElement.Clone()), cancellation);
    }

    /// <summary>Signs a statement.</summary>
    /// <exception cref="SigningServiceException">A service did not do its part, or the log takes no signatures by such keys.</exception>
    /// <exception cref="UnverifiableBundleException">What the services gave does not verify.</exception>
    public Task<Bundle> SignStatementAsync(Statement statement, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(statement);
        return SignAsync(statement.ToUtf8Bytes(), KeyHint.ForSigstore(_credential.PublicKey), cancellation);
    }

    /// <summary>Signs a statement that others wrote, byte for byte as it is.</summary>
    /// <param name="utf8">The statement, JSON.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <exception cref="MalformedDataException">It is not a statement, or over a limit.</exception>
    /// <exception cref="SigningServiceException">A service did not do its part, or the log takes no signatures by such keys.</exception>
    /// <exception cref="UnverifiableBundleException">What the services gave does not verify.</exception>
    public Task<Bundle> SignStatementAsync(ReadOnlyMemory<byte> utf8, CancellationToken cancellation = default)
    {
        // Whoever signs vouches for the meaning, so it must have one.
        _ = Statement.Parse(utf8);
        return SignAsync(utf8.ToArray(), KeyHint.ForSigstore(_credential.PublicKey), cancellation);
    }

    private async Task<Bundle> SignAsync(byte[] payload, string hint, CancellationToken cancellation, bool isModel = false)
    {
        var plan = Plan(isMessage: false, isModel);
        var unsigned = new DsseEnvelope(Statement.PayloadType, payload, []);
        var digest = _credential.Key.Algorithm.PreHash is { } preHash ? unsigned.PreAuthenticationDigest(preHash) : null;
        var signature = digest is null ? _credential.Key.Sign(unsigned.PreAuthenticationEncoding()) : _credential.Key.SignDigest(digest);
        var envelope = unsigned with { Signatures = [new DsseSignature(signature)] };
        var bundle = await CompleteAsync(plan, new LogSubmission(_signer, null, envelope, digest), hint, cancellation, isModel)
            .ConfigureAwait(false);
        // Whether a bare chain leads to somebody's root is for them to say; the signature itself is checked here like that of a key.
        var (_, _, _, rejected) = Verifier(plan)
            .VerifyStatement(_credential.ModelChain.Count == 0 ? bundle : Bundle.ForEnvelope(bundle.Envelope!, hint));
        return rejected is null ? bundle : throw new UnverifiableBundleException(rejected);
    }

    /// <summary>The bundle, read again from the bytes that will be stored.</summary>
    private async Task<Bundle> CompleteAsync(
        SigningPlan plan,
        LogSubmission submission,
        string hint,
        CancellationToken cancellation,
        bool isModel = false
    )
    {
        // OMS 1.0, "Certificate method": the chain. Everything else of version 0.3 has the signer's certificate alone.
        var isChain = isModel && _ownTime is not null;
        var (timestamps, entries) = _services is null
            ? ([], [])
            : await _services.CompleteAsync(plan, submission, _root!, cancellation).ConfigureAwait(false);
        var material = new VerificationMaterial
        {
            PublicKeyHint = _credential.Certificate is null && _credential.ModelChain.Count == 0 ? hint : null,
            Certificates = _credential.Certificate is { } certificate
                ? [certificate, .. isChain ? _credential.Further : []]
                : _credential.ModelChain,
            IsChain = isChain || _credential.ModelChain.Count > 0,
            Timestamps = timestamps,
            LogEntries = entries,
        };
        return Bundle.Create(material, submission.Envelope, submission.Message).ReadAgain(isModel);
    }

    /// <summary>Chooses the services, and refuses before anything is signed what could not be finished.</summary>
    private SigningPlan Plan(bool isMessage, bool isModel = false)
    {
        if (_credential.IsNameless && !isModel)
        {
            throw new SigningServiceException(
                SigningServiceKind.CertificateAuthority,
                null,
                "the certificate has no subject alternative name that is an e-mail address, host name or URI, so no verifier could accept it",
                "get one with a name; without, it signs models only"
            );
        }
        if (_credential.NotAfter is { } end && (_services?.Time ?? _ownTime)?.GetUtcNow() > end)
        {
            throw new SigningServiceException(
                SigningServiceKind.CertificateAuthority,
                null,
                $"the certificate was valid until {Rfc3339.Format(end)}",
                "get a new one"
            );
        }
        if (_services is null)
        {
            return new SigningPlan([], []);
        }
        var plan = _services.Plan();
        if (_credential.Certificate is not null && plan.TimestampAuthorities.Count == 0 && plan.Logs.All(l => l.MajorApiVersion != 1))
        {
            throw new SigningServiceException(
                SigningServiceKind.TimestampAuthority,
                null,
                "a signature with a certificate needs a signed time; logs of version 2 tell none, and the signing config has no time-stamp authority"
            );
        }
        foreach (var log in plan.Logs)
        {
            if (Unloggable(log.MajorApiVersion, isMessage) is { } reason)
            {
                throw new SigningServiceException(
                    SigningServiceKind.TransparencyLog,
                    log.Url,
                    reason,
                    "sign with an ECDSA key, or without a log"
                );
            }
        }
        return plan;
    }

    private string? Unloggable(int version, bool isMessage)
    {
        var algorithm = _credential.Key.Algorithm;
        if (algorithm.PreHash is null && (version != 1 || isMessage))
        {
            return $"it takes signatures over digests only, and {algorithm} signs the whole content";
        }
        // Such a log takes SHA-256 for all envelopes, and PKCS #1 v1.5 for all RSA keys.
        if (version == 1 && !isMessage && algorithm.PreHash is { } preHash && preHash != DigestAlgorithm.Sha256)
        {
            return $"logs of version 1 take envelopes signed with SHA-256 only, and {algorithm} signs with {preHash.Name}";
        }
        return algorithm == SignatureAlgorithm.RsaPss ? $"logs take no signatures by {algorithm}" : null;
    }

    private BundleVerifier Verifier(SigningPlan plan)
    {
        if (_root is null)
        {
            return new BundleVerifier([_credential.PublicKey]);
        }
        if (_ownTime is not null)
        {
            var hasTimes = plan.TimestampAuthorities.Count > 0;
            var own = new SigstoreTrust(
                _root,
                _credential.Identity is { Issuer: { } issuer, Names: [var name, ..] } ? [IdentityRule.Exact(name, issuer)] : []
            )
            {
                Subjects = _credential.Names,
                // Models alone get here without a name; their verifiers accept any holder.
                IsForModels = _credential.IsNameless,
                Clock = hasTimes ? null : _ownTime,
                TimeThreshold = hasTimes ? 1 : 0,
            };
            return new BundleVerifier([], own);
        }
        IReadOnlyList<IdentityRule> identities = _credential.Identity is { } identity
            ? [IdentityRule.Exact(identity.Names[0], identity.Issuer!, identity.Claims)]
            : [];
        var trust = new SigstoreTrust(_root, identities)
        {
            LogThreshold = plan.Logs.Count,
            TimeThreshold = plan.TimestampAuthorities.Count > 0 ? 1 : 0,
        };
        return new BundleVerifier(identities.Count == 0 ? [_credential.PublicKey] : [], trust);
    }
}
