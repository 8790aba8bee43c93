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
/// <param name="Manifest">The files as they are; null where it came to no comparison.</param>
public sealed record ModelVerification(VerificationReport Report, ManifestDiff? Diff, FileManifest? Manifest);

/// <summary>Verifies OpenSSF Model Signing bundles: who signed, and that the files are those signed.</summary>
/// <param name="bundles">Holds the trusted keys.</param>
/// <remarks>
/// Spec: OMS v1.0 §7. Stricter than the specification: names that leave the model, repeated names and empty models are refused.
/// The resources may come in any order, which the published clients disagree about; the root digest is computed in theirs.
/// </remarks>
public sealed class ModelVerifier(BundleVerifier bundles)
{
    private const string PredicateCheck = "model.predicate";
    private const string RootCheck = "model.root";
    private const string FilesCheck = "model.files";
    private const string PredicateTypeCheck = "statement.predicateType";
    private const string SubjectCheck = "statement.subject";

    /// <summary>Verifies a directory.</summary>
    /// <param name="bundle">The signature.</param>
    /// <param name="files">The directory.</param>
    /// <param name="ignore">Paths left out in addition to those the signer left out.</param>
    /// <exception cref="MalformedDataException">The directory holds a symbolic link or a special file.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public ModelVerification Verify(Bundle bundle, HashedTree files, IgnoreRules ignore)
    {
        ArgumentNullException.ThrowIfNull(files);
        var (checks, statement, model, key, rejected) = VerifyPredicate(bundle);
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
            rules = ignore.With(model.IgnorePaths);
        }
        catch (MalformedDataException e)
        {
            return new ModelVerification(checks.Fail(BundleVerifier.Malformed(FilesCheck, FailureCode.MalformedPredicate, e)), null, null);
        }
        var manifest = files.Manifest(rules, model.Resources.Select(r => r.Name));
        var diff = ManifestDiff.Compare(model.Resources, manifest.Entries);
        if (!diff.IsEmpty)
        {
            return new ModelVerification(checks.Fail(Differs(diff)), diff, manifest);
        }
        var leftOut = model.IgnorePaths.Except(IgnoreRules.GitPaths, StringComparer.Ordinal).ToList();
        checks.Pass(
            FilesCheck,
            $"{manifest.Entries.Count} files{(leftOut.Count == 0 ? "" : $"; the signer left out {string.Join(", ", leftOut)}")}"
        );
        var verified = checks.Verified(EvidenceKind.Signature, key!, manifest.Subject, statement, bundle);
        return new ModelVerification(verified, diff, manifest);
    }

    /// <summary>Verifies a model that is a single file.</summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public ModelVerification Verify(Bundle bundle, ArtifactFile file)
    {
        ArgumentNullException.ThrowIfNull(file);
        var (checks, statement, model, key, rejected) = VerifyPredicate(bundle);
        if (rejected is not null)
        {
            return new ModelVerification(rejected, null, null);
        }
        // The specification names the one resource after the file, the Python client calls it ".". The name is not the file's to choose.
        if (model!.Resources is not [var resource] || resource.Name.Contains('/', StringComparison.Ordinal))
        {
            return new ModelVerification(
                checks.Fail(WrongKind($"a directory of {model.Resources.Count} files", "a single file")),
                null,
                null
            );
        }
        var actual = new ManifestEntry(resource.Name, file.Digest(resource.Digest.Algorithm), file.Size);
        var diff = ManifestDiff.Compare(model.Resources, [actual]);
        if (!diff.IsEmpty)
        {
            return new ModelVerification(checks.Fail(Differs(diff)), diff, null);
        }
        checks.Pass(FilesCheck, "1 file");
        var subject = new DigestSet(actual.Digest);
        return new ModelVerification(checks.Verified(EvidenceKind.Signature, key!, subject, statement, bundle), diff, null);
    }

    private (CheckList, Statement?, ModelSignature?, Signer?, VerificationReport?) VerifyPredicate(Bundle bundle)
    {
        var (checks, statement, key, rejected) = bundles.VerifyStatement(bundle, PredicateCheck, RootCheck, FilesCheck);
        if (rejected is not null)
        {
            return (checks, null, null, null, rejected);
        }
        if (!ModelSignature.IsType(statement!.PredicateType))
        {
            return (checks, null, null, null, checks.Fail(BundleVerifier.WrongType(ModelSignature.TypeUri, statement.PredicateType)));
        }
        checks.Pass(PredicateTypeCheck, statement.PredicateType);
        if (statement.Subjects is not [{ Digest: { } subject }])
        {
            return (checks, null, null, null, checks.Fail(OneSubject(statement)));
        }
        checks.Pass(SubjectCheck);
        ModelSignature model;
        try
        {
            model = ModelSignature.Parse(statement.Predicate);
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
        checks.Pass(PredicateCheck, $"{model.Resources.Count} resources");
        var root = model.RootDigest;
        if (subject[root.Algorithm.Name] != root.Hex)
        {
            return (checks, null, null, null, checks.Fail(WrongRoot(root, subject)));
        }
        checks.Pass(RootCheck, root.ToString());
        return (checks, statement, model, key, null);
    }

    private static Check OneSubject(Statement statement) =>
        new(SubjectCheck, CheckOutcome.Failed, FailureCode.MalformedPredicate)
        {
            Message = "a model signature has exactly one subject",
            Expected = "1",
            Actual = $"{statement.Subjects.Count}",
            Clause = "OMS v1.0 §6.1",
        };

    private static Check WrongRoot(Digest root, DigestSet subject) =>
        new(RootCheck, CheckOutcome.Failed, FailureCode.SubjectMismatch)
        {
            Message = "the signed root digest is not that of the signed files",
            Expected = root.ToString(),
            Actual = subject.ToString(),
            Clause = "OMS v1.0 §6.1",
        };

    private static Check WrongKind(string signed, string actual) =>
        new(FilesCheck, CheckOutcome.Failed, FailureCode.ContentMismatch)
        {
            Message = $"{signed} was signed, and this is {actual}",
            Expected = signed,
            Actual = actual,
        };

    private static Check Differs(ManifestDiff diff) =>
        new(FilesCheck, CheckOutcome.Failed, FailureCode.ContentMismatch)
        {
            Message = $"the files are not those that were signed ({diff})",
            Expected = diff.Changed is [var c, ..] ? $"{c.Name} {c.Expected}" : "the signed files and no others",
            Actual = diff.Changed is [var d, ..] ? $"{d.Name} {d.Actual}" : diff.ToString(),
            Clause = "OMS v1.0 §7",
            Hint = "get the model again from where it was signed, or ask its signer for a new signature",
        };
}
