using ArtifactTrust.Attestations;
using ArtifactTrust.Attestations.Predicates;
using ArtifactTrust.Hashing;
using ArtifactTrust.Manifests;

namespace ArtifactTrust.Verification;

public sealed partial class ModelVerifier
{
    /// <summary>Names shown of files that were let pass unsigned.</summary>
    private const int NamesShown = 5;

    /// <summary>The files of a directory against those of a verified predicate.</summary>
    private sealed class Comparison(
        CheckList checks,
        ModelSignature model,
        HashedTree files,
        IgnoreRules rules,
        ModelVerificationOptions options,
        IgnoreRules? only
    )
    {
        private readonly ManifestForm _form = model.Serialization.Form;
        private readonly List<string> _unsigned = [];

        internal ModelVerification Run(Func<FileManifest, VerificationReport> verified)
        {
            if (only is not null && Unsigned(only) is { } unsigned)
            {
                return new ModelVerification(checks.Fail(NotSigned(unsigned)), null, null);
            }
            // Without any leniency every file is compared, and a list of them tells nothing more; it may be a million.
            var isPlain = only is null && !options.IgnoreUnsignedFiles && _form.ShardSize is null;
            List<TreeFile> listed = isPlain ? [] : [.. files.List(rules, model.Files).Where(InScope)];
            _unsigned.AddRange(listed.Where(f => !model.Covers(f.Name)).Where(MayBeUnsigned).Select(f => f.Name));
            var manifest = files.Manifest(rules, model.Files, _form, isPlain ? null : IsCompared);
            var diff = isPlain
                ? ManifestDiff.Compare(model.Packed, manifest.Entries)
                : ManifestDiff.Compare(Expected(), [.. manifest.Entries, .. UnsignedEmptyFiles(listed)]);
            if (!diff.IsEmpty)
            {
                return new ModelVerification(checks.Fail(Differs(diff, IsOnlyEmptyFiles(diff)), diff), diff, manifest);
            }
            if (only is not null)
            {
                var names = model.Files.Where(only.Matches).Order(Formats.CodePointOrder.Instance).ToList();
                checks.Pass(
                    FilesCheck,
                    $"PARTIAL: {names.Count} of {model.Files.Count} signed files were compared, the others were not looked at{Notes()}"
                );
                return new ModelVerification(checks.Partly(names), diff, manifest);
            }
            checks.Pass(FilesCheck, $"{model.Files.Count} files{Notes()}");
            // The digests of the whole, by which evidence about one directory is told from that about another, are of files with SHA-256.
            var whole =
                _form == ManifestForm.Default
                    ? manifest
                    : files.Manifest(rules, model.Files, ManifestForm.Default, isPlain ? null : IsCompared);
            return new ModelVerification(verified(whole), diff, manifest);
        }

        private bool InScope(TreeFile file) => only is null || only.Matches(file.Name);

        private bool IsCompared(TreeFile file) => InScope(file) && (model.Covers(file.Name) || !MayBeUnsigned(file));

        private bool MayBeUnsigned(TreeFile file) =>
            options.IgnoreUnsignedFiles || (options.AllowUnsignedEmptyFiles && _form.ShardSize is not null && file.Size == 0);

        private IEnumerable<ManifestEntry> Expected() =>
            only is null ? model.Resources : model.Files.Where(only.Matches).SelectMany(model.ResourcesOf);

        /// <summary>Empty files have no shard, and would be let pass without a word.</summary>
        private IEnumerable<ManifestEntry> UnsignedEmptyFiles(IEnumerable<TreeFile> listed) =>
            _form.ShardSize is null
                ? []
                : listed
                    .Where(f => f.Size == 0 && !model.Covers(f.Name) && !MayBeUnsigned(f))
                    .Select(f => new ManifestEntry(f.Name, _form.Algorithm.Hash([]), 0));

        private bool IsOnlyEmptyFiles(ManifestDiff diff) =>
            _form.ShardSize is not null && diff.Changed.Count + diff.Removed.Count == 0 && diff.Added.All(a => a.Size == 0);

        private string? Unsigned(IgnoreRules paths) =>
            paths.Paths.FirstOrDefault(p =>
                !model.Covers(p)
                && !model.Files.Any(f => f.Length > p.Length && f[p.Length] == '/' && f.StartsWith(p, StringComparison.Ordinal))
            );

        private string Notes()
        {
            var leftOut = model.Serialization.IgnorePaths.Except(IgnoreRules.GitPaths, StringComparer.Ordinal).ToList();
            return (leftOut.Count == 0 ? "" : $"; the signer left out {Some(leftOut)}")
                + (_unsigned.Count == 0 ? "" : $"; {_unsigned.Count} UNSIGNED: {Some(_unsigned)}")
                + (model.Serialization.AllowSymlinks ? "; the signer allowed links" : "");
        }

        private static string Some(List<string> names) =>
            string.Join(", ", names.Take(NamesShown)) + (names.Count > NamesShown ? $", and {names.Count - NamesShown} more" : "");
    }

    private static Check NotSigned(string path) =>
        new(FilesCheck, CheckOutcome.Failed, FailureCode.ContentMismatch)
        {
            Message = $"nothing was signed at '{path}'",
            Expected = path,
            Actual = "no such file among those signed",
            Hint = "paths are relative to the model, with / between their parts",
        };

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

    private static Check Differs(ManifestDiff diff, bool onlyEmptyFiles = false) =>
        new(FilesCheck, CheckOutcome.Failed, FailureCode.ContentMismatch)
        {
            Message = onlyEmptyFiles
                ? $"empty files have no shards, and so are not under the signature ({diff})"
                : $"the files are not those that were signed ({diff})",
            Expected =
                diff.Changed is [var c, ..] ? $"{c.Name} {c.Expected}"
                : diff.Removed is [var r, ..] ? $"{r.Name} {r.Digest}"
                : "the signed files and no others",
            Actual = diff.Changed is [var d, ..] ? $"{d.Name} {d.Actual}" : diff.ToString(),
            Clause = "OMS v1.0 §7",
            Hint = onlyEmptyFiles
                ? "remove them, or accept files that the signer never vouched for with --allow-unsigned-empty-files"
                : "get the model again from where it was signed, or ask its signer for a new signature",
        };

    private static VerificationReport WithLegacyHint(VerificationReport report) =>
        new(
            [
                .. report.Checks.Select(c =>
                    c.Outcome == CheckOutcome.Failed
                        ? c with
                        {
                            Hint =
                                "the bundle claims to be of model-signing v0.2.0, which signs an encoding of its own; --allow-legacy-oms reads it",
                        }
                        : c
                ),
            ],
            null
        );
}
