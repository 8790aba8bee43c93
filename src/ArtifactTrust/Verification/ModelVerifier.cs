using ArtifactTrust.Attestations;
using ArtifactTrust.Attestations.Predicates;
using ArtifactTrust.Bundles;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using ArtifactTrust.Manifests;

namespace ArtifactTrust.Verification;

/// <summary>A verification of a model or dataset against the files that are there.</summary>
/// <param name="Report">The checks.</param>
/// <param name="Diff">What differs between the signed files and those there; null where it came to no comparison.</param>
/// <param name="Manifest">The files as they are, in the form that was signed; null where it came to no comparison.</param>
public sealed record ModelVerification(VerificationReport Report, ManifestDiff? Diff, FileManifest? Manifest);

/// <summary>Verifies OpenSSF Model Signing bundles: who signed, and that the files are those signed.</summary>
/// <param name="bundles">Holds the trusted keys.</param>
/// <remarks>
/// Spec: OMS v1.0 §7. Stricter than the specification: names that leave the model, repeated names, shards with gaps and empty models are
/// refused. The resources may come in any order, which the published clients disagree about; the root digest is computed in theirs.
/// </remarks>
public sealed partial class ModelVerifier(BundleVerifier bundles)
{
    private const string PredicateCheck = "model.predicate";
    private const string RootCheck = "model.root";
    private const string FilesCheck = "model.files";
    private const string PredicateTypeCheck = "statement.predicateType";
    private const string SubjectCheck = "statement.subject";

    /// <summary>Whether a statement of that type is a signature of a model, also of v0.2.0.</summary>
    public static bool IsModel(string predicateType) => ModelSignature.IsType(predicateType) || predicateType == LegacyModel.TypeUri;

    /// <summary>Verifies a directory.</summary>
    /// <param name="bundle">The signature.</param>
    /// <param name="files">The directory.</param>
    /// <param name="ignore">Paths left out in addition to those the signer left out.</param>
    /// <exception cref="MalformedDataException">The directory holds a symbolic link or a special file.</exception>
    /// <exception cref="IOException">A file cannot be read, or the directory changed while it was.</exception>
    public ModelVerification Verify(Bundle bundle, HashedTree files, IgnoreRules ignore) =>
        Verify(bundle, files, new ModelVerificationOptions { Ignore = ignore });

    /// <summary>Verifies a directory.</summary>
    /// <param name="bundle">The signature.</param>
    /// <param name="files">The directory, without a cache of digests.</param>
    /// <param name="options">What is asked.</param>
    /// <exception cref="ArgumentException">The directory has a cache of digests, which only signing may use.</exception>
    /// <exception cref="MalformedDataException">
    /// The directory holds a symbolic link or a special file, or a path of <see cref="ModelVerificationOptions.Only"/> is none below it.
    /// </exception>
    /// <exception cref="IOException">A file cannot be read, or the directory changed while it was.</exception>
    public ModelVerification Verify(Bundle bundle, HashedTree files, ModelVerificationOptions options)
    {
        ArgumentNullException.ThrowIfNull(files);
        ArgumentNullException.ThrowIfNull(options);
        if (files.Cache is not null)
        {
            throw new ArgumentException("digests of an earlier run prove nothing of the files as they are", nameof(files));
        }
        var only = options.Only.Count == 0 ? null : new IgnoreRules(options.Only);
        var (checks, statement, model, signer, rejected) = VerifyPredicate(bundle, options);
        if (rejected is not null)
        {
            return new ModelVerification(rejected, null, null);
        }
        if (model!.IsSingleFile)
        {
            return new ModelVerification(checks.Fail(WrongKind("a single file", "a directory")), null, null);
        }
        IgnoreRules rules;
        try
        {
            rules = options.Ignore.With(model.Serialization.IgnorePaths);
        }
        catch (MalformedDataException e)
        {
            return new ModelVerification(checks.Fail(BundleVerifier.Malformed(FilesCheck, FailureCode.MalformedPredicate, e)), null, null);
        }
        return new Comparison(checks, model, files, rules, options, only).Run(manifest =>
            checks.Verified(EvidenceKind.Signature, signer!, manifest.Subject, statement, bundle)
        );
    }

    /// <summary>Verifies a model that is a single file.</summary>
    /// <exception cref="IOException">The file cannot be read, or changed meanwhile.</exception>
    public ModelVerification Verify(Bundle bundle, ArtifactFile file) => Verify(bundle, file, new ModelVerificationOptions());

    /// <summary>Verifies a model that is a single file.</summary>
    /// <param name="bundle">The signature.</param>
    /// <param name="file">The file.</param>
    /// <param name="options">What is asked; of a single file there are no paths to choose.</param>
    /// <exception cref="IOException">The file cannot be read, or changed meanwhile.</exception>
    public ModelVerification Verify(Bundle bundle, ArtifactFile file, ModelVerificationOptions options)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(options);
        var (checks, statement, model, signer, rejected) = VerifyPredicate(bundle, options);
        if (rejected is not null)
        {
            return new ModelVerification(rejected, null, null);
        }
        // The specification names the one resource after the file, the Python client calls it ".". The name is not the file's to choose.
        if (model!.Files.Count != 1 || model.Files.Single() is not { } name || name.Contains('/', StringComparison.Ordinal))
        {
            return new ModelVerification(checks.Fail(WrongKind($"a directory of {model.Files.Count} files", "a single file")), null, null);
        }
        var form = model.Serialization.Form;
        var diff = ManifestDiff.Compare(model.Resources, FileManifest.OfFile(file, name, form).Entries);
        if (!diff.IsEmpty)
        {
            return new ModelVerification(checks.Fail(Differs(diff), diff), diff, null);
        }
        var subject = new DigestSet(file.Digest(DigestAlgorithm.Sha256));
        file.CheckUnchanged();
        checks.Pass(FilesCheck, "1 file");
        return new ModelVerification(checks.Verified(EvidenceKind.Signature, signer!, subject, statement, bundle), diff, null);
    }

    /// <summary>Verifies a model of which only the digests of its files are known, such as the layers of an OCI artifact that was not pulled.</summary>
    /// <param name="bundle">The signature.</param>
    /// <param name="files">The files, whole, with SHA-256. That content has these digests is for whoever reads it to check.</param>
    /// <param name="optional">Files that may be under the signature and need not be.</param>
    /// <param name="options">What is asked; paths cannot be chosen or left out.</param>
    public ModelVerification VerifyDigests(
        Bundle bundle,
        FileManifest files,
        IReadOnlyCollection<ManifestEntry> optional,
        ModelVerificationOptions options
    )
    {
        ArgumentNullException.ThrowIfNull(files);
        ArgumentNullException.ThrowIfNull(optional);
        ArgumentNullException.ThrowIfNull(options);
        var (checks, statement, model, signer, rejected) = VerifyPredicate(bundle, options);
        if (rejected is not null)
        {
            return new ModelVerification(rejected, null, null);
        }
        if (model!.Serialization.Form != ManifestForm.Default)
        {
            return new ModelVerification(
                checks.Fail(WrongKind($"a model by {model.Serialization.Form}", $"a list of {ManifestForm.Default} digests")),
                null,
                null
            );
        }
        var signedToo = optional.Where(o => model.Covers(o.Name));
        var diff = ManifestDiff.Compare(model.Resources, [.. files.Entries, .. signedToo]);
        if (!diff.IsEmpty)
        {
            return new ModelVerification(checks.Fail(Differs(diff), diff), diff, files);
        }
        checks.Pass(FilesCheck, $"{model.Files.Count} files, by their digests");
        return new ModelVerification(checks.Verified(EvidenceKind.Signature, signer!, files.Subject, statement, bundle), diff, files);
    }

    private (CheckList, Statement?, ModelSignature?, Signer?, VerificationReport?) VerifyPredicate(
        Bundle bundle,
        ModelVerificationOptions options
    )
    {
        ArgumentNullException.ThrowIfNull(bundle);
        string[] further = [PredicateCheck, RootCheck, FilesCheck];
        // What the bundle claims decides only which encoding the signature has to be over; that it is of this type is checked after it.
        var isLegacy = options.AllowLegacy && ClaimsLegacy(bundle);
        var (checks, statement, signer, rejected) = isLegacy
            ? bundles.VerifyStatement(bundle, LegacyModel.IsOver, further)
            : bundles.VerifyStatement(bundle, further);
        if (rejected is not null)
        {
            return (checks, null, null, null, !isLegacy && ClaimsLegacy(bundle) ? WithLegacyHint(rejected) : rejected);
        }
        if (isLegacy ? statement!.PredicateType != LegacyModel.TypeUri : !ModelSignature.IsType(statement!.PredicateType))
        {
            return (checks, null, null, null, checks.Fail(BundleVerifier.WrongType(ModelSignature.TypeUri, statement.PredicateType)));
        }
        checks.Pass(PredicateTypeCheck, statement.PredicateType);
        if (!isLegacy && statement.Subjects is not [_])
        {
            return (checks, null, null, null, checks.Fail(OneSubject(statement)));
        }
        checks.Pass(
            SubjectCheck,
            ModelSignature.KindOf(statement) switch
            {
                ModelKind.Model => null,
                ModelKind.Dataset => "a dataset",
                _ => "something that is neither a model nor a dataset",
            }
        );
        ModelSignature model;
        try
        {
            model = isLegacy ? LegacyModel.Read(statement) : ModelSignature.Read(statement);
        }
        catch (MalformedDataException e)
        {
            return (checks, null, null, null, checks.Fail(BundleVerifier.Malformed(PredicateCheck, FailureCode.MalformedPredicate, e)));
        }
        catch (NotSupportedException e)
        {
            var check = new Check(PredicateCheck, CheckOutcome.Failed, FailureCode.UnsupportedMaterial) { Message = e.Message };
            return (checks, null, null, null, checks.Fail(check));
        }
        checks.Pass(PredicateCheck, $"{model.Resources.Count} resources, {model.Serialization.Form}");
        if (isLegacy)
        {
            checks.NotRequired(RootCheck, "v0.2.0 has no root digest; every file is a subject");
            return (checks, statement, model, signer, null);
        }
        var (root, signed) = (model.RootDigest, statement.Subjects[0].Digest!);
        if (signed[root.Algorithm.Name] != root.Hex)
        {
            return (checks, null, null, null, checks.Fail(WrongRoot(root, signed)));
        }
        checks.Pass(RootCheck, root.ToString());
        return (checks, statement, model, signer, null);
    }

    private static bool ClaimsLegacy(Bundle bundle)
    {
        try
        {
            return bundle.Envelope is { } envelope && Statement.Parse(envelope.Payload).PredicateType == LegacyModel.TypeUri;
        }
        catch (MalformedDataException)
        {
            return false;
        }
    }
}
