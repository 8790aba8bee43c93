using ArtifactTrust.Attestations;
using ArtifactTrust.Attestations.Predicates;
using ArtifactTrust.Bundles;
using ArtifactTrust.Cli.Console;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using ArtifactTrust.Manifests;
using ArtifactTrust.Notation;
using ArtifactTrust.Oci;
using ArtifactTrust.Verification;

namespace ArtifactTrust.Cli.Commands;

/// <summary>A piece of evidence with what its verification found.</summary>
/// <param name="Found">The evidence.</param>
/// <param name="Report">The verification; null where nothing was given to verify it with.</param>
internal sealed record ExaminedEvidence(FoundEvidence Found, VerificationReport? Report)
{
    /// <summary>The verifications of a signature of the Notary Project, one by each rule; none where it is none, or there are no rules.</summary>
    internal IReadOnlyList<NotationReport> Notation { get; init; } = [];

    /// <summary>The type of predicate that the bundle claims to hold. Not verified.</summary>
    internal string? ClaimedType { get; } = Claim(Found.Bundle)?.PredicateType;

    /// <summary>The statement that the bundle claims to hold. Not verified.</summary>
    internal static Statement? Claim(Bundle? bundle)
    {
        if (bundle?.Envelope is not { } envelope)
        {
            return null;
        }
        try
        {
            return Statement.Parse(envelope.Payload);
        }
        catch (MalformedDataException)
        {
            return null;
        }
    }
}

/// <summary>The one piece of evidence that decides.</summary>
/// <param name="IsFound">Whether it is this one.</param>
/// <param name="OlderTag">Which of cosign's tags could hold it; looked at only where it was not found among the referrers.</param>
internal sealed record SoughtEvidence(Func<ExaminedEvidence, bool> IsFound, EvidencePlaces OlderTag)
{
    /// <summary>A signature that holds, or an attestation of a type.</summary>
    /// <param name="wanted">The type of attestation; null for a signature.</param>
    internal static SoughtEvidence Of(PredicateType? wanted) =>
        new(e => BundleVerdict.IsVerified(e, wanted), wanted is null ? EvidencePlaces.SignatureTag : EvidencePlaces.AttestationTag);
}

/// <summary>A subject with its digests, computed here, and all evidence found about it.</summary>
/// <param name="Kind"><c>directory</c>, <c>file</c> or <c>image</c>.</param>
/// <param name="Name">A name for people.</param>
/// <param name="Digests">The digests of the bytes that are there.</param>
/// <param name="Evidence">What was found, in the order found.</param>
internal sealed record ExaminedSubject(string Kind, string Name, DigestSet Digests, IReadOnlyList<ExaminedEvidence> Evidence)
{
    /// <summary>What was proven, of all evidence.</summary>
    internal IEnumerable<VerifiedBundle> Verified => Evidence.Select(e => e.Report?.Verified).OfType<VerifiedBundle>();

    /// <summary>What was proven by signatures of the Notary Project, as often as a rule holds.</summary>
    internal IEnumerable<VerifiedNotationSignature> VerifiedNotation =>
        Evidence.SelectMany(e => e.Notation).Select(r => r.Verified).OfType<VerifiedNotationSignature>();
}

/// <summary>Finds the evidence about subjects and verifies each piece, of the same image once.</summary>
/// <param name="session">Where progress goes.</param>
/// <param name="verifier">Holds the trusted keys; null to look only.</param>
internal sealed class Examiner(Session session, BundleVerifier? verifier) : IDisposable
{
    // What is found and what it is worth depends on the place, the digest, and what this object was made with. A failure is never kept.
    private readonly Dictionary<(string Place, Digest Image), IReadOnlyList<ExaminedEvidence>> _examined = [];
    private Images? _images;

    /// <summary>A signature file to take in place of the evidence beside the subject.</summary>
    internal string? SignatureFile { get; init; }

    /// <summary>What verifies bundles by certificates, where that is another than for keys; null where one verifier does both.</summary>
    internal BundleVerifier? CertificateVerifier { get; init; }

    /// <summary>What verifies signatures of the Notary Project; where empty they are left unread, as to keys and Sigstore identities they are nobody's.</summary>
    internal IReadOnlyList<NotationVerifier> NotationVerifiers { get; init; } = [];

    /// <summary>Paths left out of a directory.</summary>
    internal IReadOnlyList<string> IgnorePaths { get; init; } = [];

    /// <summary>Whether version control's files are part of a directory.</summary>
    internal bool NoIgnoreGitPaths { get; init; }

    /// <summary>What is looked for on images, so that no more is asked for; null for all evidence.</summary>
    internal SoughtEvidence? Sought { get; init; }

    /// <summary>How images are reached.</summary>
    internal required Func<Images> OpenImages { get; init; }

    /// <summary>The platform whose manifest is examined in place of an image's index; null for the index itself.</summary>
    internal Platform? Platform { get; init; }

    /// <summary>What signers have to say of the subject.</summary>
    internal IReadOnlyDictionary<string, string> Annotations { get; init; } = new Dictionary<string, string>();

    /// <summary>What reads a local subject in place of hashing it where it is; null for the latter.</summary>
    internal TreeReader? Reader { get; init; }

    /// <summary>The files that each report about a local subject is about.</summary>
    internal Dictionary<VerificationReport, IReadOnlyList<string>> Covered { get; } = new(ReferenceEqualityComparer.Instance);

    /// <summary>What is asked of models.</summary>
    internal ModelVerificationOptions Model { get; init; } = new();

    /// <summary>
    /// Whether the signature of a model counts for an artifact whose layers are its files. It says nothing of the rest of the manifest, so that what
    /// decides about the use of an image by the digest of its manifest does not take it.
    /// </summary>
    internal bool AcceptsLayers { get; init; }

    /// <summary>Whether links to files of a directory are read.</summary>
    internal bool AllowSymlinks { get; init; }

    /// <summary>Verifies the paths of <see cref="Model"/> alone and reports it.</summary>
    internal int ExaminePart(string path, CancellationToken cancellation)
    {
        var root = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        var only = Model.Only.Select(p => IgnoreOptions.Relative(p, root)).ToList();
        IgnoreOptions.Read("--only", only);
        return PartialVerification.Run(
            session,
            verifier!,
            path,
            Find(path),
            Model with
            {
                Ignore = IgnoreOptions.Rules(IgnorePaths, path, NoIgnoreGitPaths, SignatureFile),
                Only = only,
            },
            AllowSymlinks,
            cancellation
        );
    }

    internal async Task<ExaminedSubject> ExamineAsync(Subject subject, CancellationToken cancellation) =>
        subject switch
        {
            Subject.LocalDirectory d => ExamineDirectory(d.Path, cancellation),
            Subject.LocalFile f => ExamineFile(f.Path, cancellation),
            Subject.Image i => await ExamineImageAsync(i.Reference, cancellation),
            _ => throw new InvalidOperationException("a subject of no kind"),
        };

    private ExaminedSubject ExamineDirectory(string path, CancellationToken cancellation)
    {
        using var tree = FileTree.Open(path, AllowSymlinks);
        var found = Find(path);
        var rules = Deploy.Claims.Prepare(Reader, found, IgnoreOptions.Rules(IgnorePaths, path, NoIgnoreGitPaths, SignatureFile));
        var total = LocalSubjects.TotalBytes(session.Terminal, tree, rules);
        // Read once for what is asked for here and by the signatures; which they are is not verified yet, and need not be.
        ManifestForm[] expected =
        [
            .. found.Select(f => ExaminedEvidence.Claim(f.Bundle)).OfType<Statement>().Select(ModelSignature.FormOf).OfType<ManifestForm>(),
        ];
        return session.Terminal.WithProgress(
            $"{(Reader is TreeCopy ? "copying" : "hashing")} {tree.Name}",
            total,
            progress =>
            {
                var files = new HashedTree(tree, progress, cancellation) { Reader = Reader, Expected = expected };
                var manifest = files.Manifest(rules);
                var all = files.Listed;
                if (manifest.Entries.Count == 0)
                {
                    throw LocalSubjects.Empty(tree.Path);
                }
                return new ExaminedSubject(
                    "directory",
                    tree.Name,
                    manifest.Subject,
                    [.. found.Select(f => Verify(f, b => VerifyAboutDirectory(b, files, rules, manifest.Subject, all)))]
                );
            }
        );
    }

    private ExaminedSubject ExamineFile(string path, CancellationToken cancellation)
    {
        var found = Find(path);
        return session.Terminal.WithProgress(
            $"hashing {Path.GetFileName(path)}",
            new FileInfo(path).Length,
            progress =>
            {
                using var file =
                    (Reader as TreeCopy)?.CopyFile(path, progress, cancellation) ?? ArtifactFile.Open(path, progress, cancellation);
                var digests = new DigestSet(file.Digest(DigestAlgorithm.Sha256));
                return new ExaminedSubject(
                    "file",
                    file.Name,
                    digests,
                    [.. found.Select(f => Verify(f, b => Cover(VerifyAboutFile(b, file, digests, cancellation), [file.Name])))]
                );
            }
        );
    }

    private async Task<ExaminedSubject> ExamineImageAsync(OciReference reference, CancellationToken cancellation)
    {
        _images ??= OpenImages();
        var (store, descriptor) = await _images.ResolveAsync(reference, Platform, cancellation);
        if (!_examined.TryGetValue((reference.Place, descriptor.Digest), out var evidence))
        {
            evidence = await ExamineImageAsync(_images, store, descriptor, cancellation);
            _examined.Add((reference.Place, descriptor.Digest), evidence);
        }
        return new ExaminedSubject("image", reference.ToString(), new DigestSet(descriptor.Digest), evidence);
    }

    private async Task<IReadOnlyList<ExaminedEvidence>> ExamineImageAsync(
        Images images,
        OciStore store,
        Descriptor descriptor,
        CancellationToken cancellation
    )
    {
        if (SignatureFile is not null)
        {
            return await VerifyAllAsync(EvidenceFiles.Read(SignatureFile), store, descriptor, cancellation);
        }
        var places = Sought is null ? EvidencePlaces.All : EvidencePlaces.Referrers;
        var examined = await VerifyAllAsync(
            await images.FindAsync(store, descriptor, places, cancellation),
            store,
            descriptor,
            cancellation
        );
        if (Sought is null || examined.Any(Sought.IsFound))
        {
            return examined;
        }
        var older = await images.FindAsync(store, descriptor, Sought.OlderTag, cancellation);
        return [.. examined, .. await VerifyAllAsync(older, store, descriptor, cancellation)];
    }

    private async Task<IReadOnlyList<ExaminedEvidence>> VerifyAllAsync(
        IReadOnlyList<FoundEvidence> found,
        OciStore store,
        Descriptor descriptor,
        CancellationToken cancellation
    )
    {
        var digests = new DigestSet(descriptor.Digest);
        var layers =
            verifier is not null && AcceptsLayers && found.Any(f => f.Bundle is { } b && IsModel(b))
                ? await ReadLayersAsync(store, descriptor, cancellation)
                : null;
        return
        [
            .. found.Select(f =>
                f.Notation is { } signature && NotationVerifiers.Count > 0
                    ? new ExaminedEvidence(f, null)
                    {
                        Notation =
                        [
                            .. NotationVerifiers.Select(v => v.Verify(signature, descriptor.MediaType, descriptor.Digest, descriptor.Size)),
                        ],
                    }
                    : Verify(
                        f,
                        b =>
                            f.Legacy is { } legacy ? For(b).VerifyLegacy(legacy, descriptor.Digest)
                            : TypeOf(b) == BundleVerifier.ImageSignatureType ? For(b).VerifyImageSignature(b, descriptor.Digest)
                            : layers is not null && IsModel(b)
                                ? new ModelVerifier(For(b))
                                    .VerifyDigests(b, layers.Files, layers.Config is { } config ? [config] : [], Model)
                                    .Report
                            : For(b).VerifyAttestation(b, digests)
                    )
            ),
        ];
    }

    public void Dispose() => _images?.Dispose();

    private static bool IsModel(Bundle bundle) => TypeOf(bundle) is { } type && ModelVerifier.IsModel(type);

    /// <summary>The files of an artifact, or null where it is not one of files: then no signature of a model can be about it.</summary>
    private static async Task<ModelLayers?> ReadLayersAsync(OciStore store, Descriptor artifact, CancellationToken cancellation)
    {
        try
        {
            return await ModelLayers.ReadAsync(store, artifact, cancellation);
        }
        catch (CliException e) when (e.Code == "not-files")
        {
            return null;
        }
    }

    private VerificationReport VerifyAboutDirectory(
        Bundle bundle,
        HashedTree files,
        IgnoreRules rules,
        DigestSet subject,
        IReadOnlyList<string> all
    ) =>
        TypeOf(bundle) is { } type && ModelVerifier.IsModel(type)
            ? Cover(new ModelVerifier(For(bundle)).Verify(bundle, files, Model with { Ignore = rules }).Report, files.Listed)
            : Cover(For(bundle).VerifyAttestation(bundle, subject), all);

    private VerificationReport Cover(VerificationReport report, IReadOnlyList<string> names)
    {
        Covered[report] = names;
        return report;
    }

    private VerificationReport VerifyAboutFile(Bundle bundle, ArtifactFile file, DigestSet subject, CancellationToken cancellation)
    {
        if (bundle.Message is not null)
        {
            return For(bundle).VerifyMessage(bundle, file, cancellation);
        }
        return TypeOf(bundle) is { } type && ModelVerifier.IsModel(type)
            ? new ModelVerifier(For(bundle)).Verify(bundle, file, Model).Report
            : For(bundle).VerifyAttestation(bundle, subject);
    }

    private BundleVerifier For(Bundle bundle) =>
        bundle.Material.PublicKeyHint is null && CertificateVerifier is not null ? CertificateVerifier : verifier!;

    private ExaminedEvidence Verify(FoundEvidence found, Func<Bundle, VerificationReport> verify) =>
        new(
            found,
            verifier is null ? null
                : found.Bundle is null ? VerificationReport.Unreadable(found.Problem ?? "the evidence cannot be read")
                : Require(verify(found.Bundle))
        );

    /// <summary>The report with what is asked of the signer's words; it is about the same files.</summary>
    private VerificationReport Require(VerificationReport report)
    {
        var required = report.Requiring(Annotations);
        return Covered.TryGetValue(report, out var names) ? Cover(required, names) : required;
    }

    private IReadOnlyList<FoundEvidence> Find(string path)
    {
        if (SignatureFile is null)
        {
            return EvidenceFiles.Beside(path);
        }
        return File.Exists(SignatureFile)
            ? EvidenceFiles.Read(SignatureFile)
            : throw CliException.Rejected(
                "no-evidence",
                $"the signature '{SignatureFile}' does not exist",
                "sign the subject first, or name its signature with --signature"
            );
    }

    /// <summary>The claimed type decides which verification is made; each of them checks the type again, after the signature.</summary>
    private static string? TypeOf(Bundle bundle) => ExaminedEvidence.Claim(bundle)?.PredicateType;
}
