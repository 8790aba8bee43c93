using System.CommandLine;
using System.Text.Json;
using ArtifactTrust.Attestations;
using ArtifactTrust.Bundles;
using ArtifactTrust.Cli.Console;
using ArtifactTrust.Hashing;
using ArtifactTrust.Oci;
using ArtifactTrust.Signing;
using ArtifactTrust.Verification;

namespace ArtifactTrust.Cli.Commands;

/// <summary>In which form evidence is put beside an image.</summary>
internal enum EvidenceFormat
{
    /// <summary>A Sigstore bundle as a referrer, as cosign 3 does.</summary>
    Bundle,

    /// <summary>A layer under cosign's tag.</summary>
    Legacy,

    /// <summary>The same as a referrer.</summary>
    LegacyReferrer,
}

/// <summary>Options that only images have: the form of evidence, and for signatures what is signed and said.</summary>
/// <param name="format">The form, where the verb has an option of its own for it that other subjects share.</param>
internal sealed class ImageSigningOptions(Option<string>? format = null)
{
    private readonly Option<string> _format = format ?? Format();

    private readonly Option<bool> _recursive = new("--recursive")
    {
        Description = "of an image for several platforms, sign each platform's manifest too, and the index last",
    };

    private readonly Option<string[]> _annotations = AnnotationOptions.Create("what to say of the image in the signature");

    internal void AddTo(Command verb, bool forSignatures)
    {
        if (format is null)
        {
            verb.Options.Add(_format);
        }
        if (forSignatures)
        {
            verb.Options.Add(_recursive);
            verb.Options.Add(_annotations);
        }
    }

    /// <summary>Refuses what only images have, for other subjects.</summary>
    /// <exception cref="CliException">One of the options was given.</exception>
    internal void RequireNone(ParseResult parsed)
    {
        if (FormatOf(parsed) != EvidenceFormat.Bundle)
        {
            throw CliException.Usage($"--format {parsed.GetValue(_format)} is for images only");
        }
        parsed.Refuse([_recursive, _annotations], "is for images only");
    }

    internal EvidenceFormat FormatOf(ParseResult parsed) =>
        parsed.GetValue(_format) switch
        {
            "legacy" => EvidenceFormat.Legacy,
            "legacy-referrer" => EvidenceFormat.LegacyReferrer,
            _ => EvidenceFormat.Bundle,
        };

    internal bool IsRecursive(ParseResult parsed) => parsed.GetValue(_recursive);

    internal IReadOnlyDictionary<string, string> Annotations(ParseResult parsed) =>
        AnnotationOptions.Read(parsed.GetValue(_annotations) ?? []);

    private static Option<string> Format()
    {
        var option = new Option<string>("--format")
        {
            Description = "the form beside an image: a bundle (cosign 3), or the one of older cosign under a tag or as a referrer",
            DefaultValueFactory = _ => "bundle",
            HelpName = "bundle|legacy|legacy-referrer",
        };
        option.AcceptOnlyFromAmong("bundle", "legacy", "legacy-referrer");
        return option;
    }
}

/// <summary><c>--annotation</c>, which signing and verifying spell alike.</summary>
internal static class AnnotationOptions
{
    private const int MaximumCount = 64;

    internal static Option<string[]> Create(string description) =>
        new("--annotation")
        {
            Description = $"{description}; may be given several times",
            HelpName = "NAME=VALUE",
            AllowMultipleArgumentsPerToken = false,
        };

    /// <summary>Reads the options.</summary>
    /// <exception cref="CliException">One is not of the form, or a name is there twice.</exception>
    internal static IReadOnlyDictionary<string, string> Read(string[] options)
    {
        var annotations = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var option in options)
        {
            if (option.IndexOf('=', StringComparison.Ordinal) is not (> 0 and var equals))
            {
                throw CliException.Usage($"--annotation is to be NAME=VALUE, not '{option}'");
            }
            if (!annotations.TryAdd(option[..equals], option[(equals + 1)..]))
            {
                throw CliException.Usage($"--annotation names '{option[..equals]}' twice");
            }
        }
        return annotations.Count <= MaximumCount ? annotations : throw CliException.Usage($"more than {MaximumCount} annotations");
    }
}

/// <summary>Signs images and statements about them, and puts the evidence beside them.</summary>
/// <param name="images">The images.</param>
/// <param name="format">In which form.</param>
/// <param name="time">The clock.</param>
internal sealed class ImageSigner(Images images, EvidenceFormat format, TimeProvider time)
{
    /// <summary>Throws where evidence cannot be put beside the image.</summary>
    /// <exception cref="CliException">It is in an archive.</exception>
    internal static void RequireWritable(OciReference reference)
    {
        if (reference is ArchiveReference)
        {
            throw CliException.Usage(
                $"'{reference}' is an archive, which signatures and attestations are not put into",
                "sign the image in its registry or image layout; artifact-trust load FILE REF puts it there"
            );
        }
    }

    /// <summary>Signs an image; with all that is inside where asked, the image itself last.</summary>
    /// <returns>What was written, the image itself last.</returns>
    internal async Task<IReadOnlyList<WrittenAttestation>> SignAsync(
        OciReference reference,
        bool recursive,
        IReadOnlyDictionary<string, string> annotations,
        Signatory signatory,
        CancellationToken cancellation
    )
    {
        var (store, root) = await images.ResolveAsync(reference, cancellation);
        var targets = recursive ? await Images.AllAsync(store, root, cancellation) : [root];
        // Signed one after the other, but stored at once: each may have to wait until it is sure to stay.
        var stored = new List<Task<WrittenAttestation>>(targets.Count);
        try
        {
            for (var i = 0; i < targets.Count; i++)
            {
                if (i == targets.Count - 1)
                {
                    await Task.WhenAll(stored);
                }
                // Asked for each: a certificate may be over before the last is signed.
                var signer = await signatory.SignerAsync(cancellation);
                var attach = await SignOneAsync(store, reference, targets[i], annotations, signer, cancellation);
                stored.Add(attach());
            }
        }
        finally
        {
            await Task.WhenAll(stored);
        }
        return await Task.WhenAll(stored);
    }

    /// <summary>Signs a statement about an image.</summary>
    internal async Task<WrittenAttestation> AttestAsync(
        OciReference reference,
        string predicateType,
        JsonElement predicate,
        Signatory signatory,
        CancellationToken cancellation
    )
    {
        var (store, descriptor) = await images.ResolveAsync(reference, cancellation);
        var digests = new DigestSet(descriptor.Digest);
        var signer = await signatory.SignerAsync(cancellation);
        var statement = new Statement([new ResourceDescriptor(null, null, digests)], predicateType, predicate);
        if (format == EvidenceFormat.Bundle)
        {
            var bundle = await signer.SignStatementAsync(statement, cancellation);
            var referrer = await Images.AttachAsync(store, descriptor, bundle, predicateType, time, cancellation);
            return new WrittenAttestation(reference.ToString(), digests, $"referrer {referrer}", bundle);
        }
        var signature = await signer.SignLegacyStatementAsync(statement, descriptor.Digest, cancellation);
        return await AttachLegacyAsync(store, reference, descriptor, signature, cancellation);
    }

    /// <summary>Signs one manifest.</summary>
    /// <returns>Stores the signature.</returns>
    private async Task<Func<Task<WrittenAttestation>>> SignOneAsync(
        OciStore store,
        OciReference reference,
        Descriptor target,
        IReadOnlyDictionary<string, string> annotations,
        BundleSigner signer,
        CancellationToken cancellation
    )
    {
        if (format == EvidenceFormat.Bundle)
        {
            var bundle = await signer.SignImageAsync(target.Digest, annotations, cancellation);
            return async () =>
            {
                var referrer = await Images.AttachAsync(store, target, bundle, BundleVerifier.ImageSignatureType, time, cancellation);
                return new WrittenAttestation(reference.ToString(), new DigestSet(target.Digest), $"referrer {referrer}", bundle);
            };
        }
        var place = reference is RegistryReference registry ? $"{registry.Host}/{registry.Repository}" : "";
        var payload = new SimpleSigningPayload(place, target.Digest, SimpleSigningPayload.CosignType, annotations);
        var signature = await signer.SignLegacyImageAsync(payload, cancellation);
        return () => AttachLegacyAsync(store, reference, target, signature, cancellation);
    }

    private async Task<WrittenAttestation> AttachLegacyAsync(
        OciStore store,
        OciReference reference,
        Descriptor target,
        LegacySignature signature,
        CancellationToken cancellation
    )
    {
        var asReferrer = format == EvidenceFormat.LegacyReferrer;
        await new EvidenceStore(store, time).AttachLegacyAsync(target, signature, asReferrer, cancellation);
        var suffix = signature.Kind == LegacySignatureKind.Image ? "sig" : "att";
        return new WrittenAttestation(
            reference.ToString(),
            new DigestSet(target.Digest),
            asReferrer ? "a referrer in the legacy form" : $"tag {target.Digest.Algorithm}-{target.Digest.Hex}.{suffix}",
            signature.ToBundle()
        );
    }
}
