using System.Text.Json;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using ArtifactTrust.Scanning;

namespace ArtifactTrust.Cli.Tools;

/// <summary>A VEX document given to Trivy: a copy, so that what is applied is what was read.</summary>
/// <param name="Path">The file, as the user named it.</param>
/// <param name="Copy">The copy's path.</param>
/// <param name="Digest">The digest of its bytes.</param>
/// <remarks>
/// Trivy matches products and packages (package URLs with qualifiers and ranges), and reports what it left out with <c>--show-suppressed</c>. A document that it
/// can not apply is refused before: CycloneDX VEX refers to the components of an SBOM by BOM-link, and to nothing else.
/// </remarks>
internal sealed record TrivyVex(string Path, string Copy, Digest Digest)
{
    private const string FormatName = "VEX document";

    // What Trivy names instead of the file.
    private const string CycloneDxSource = "CycloneDX VEX";

    // What a VEX status must say for a finding to be left out (OpenVEX 0.2 "Status labels"; CSAF and CycloneDX are mapped to these by Trivy).
    private static readonly string[] Settled = ["not_affected", "fixed"];

    /// <summary>Whether it is CycloneDX.</summary>
    internal bool IsCycloneDx { get; private init; }

    /// <summary>Copies the documents.</summary>
    /// <exception cref="ScannerException">One cannot be read, or cannot be about this target.</exception>
    internal static IReadOnlyList<TrivyVex> Prepare(IReadOnlyList<string> paths, TrivyTarget target, PrivateDirectory directory)
    {
        var documents = new List<TrivyVex>();
        foreach (var path in paths)
        {
            byte[] bytes;
            JsonElement json;
            try
            {
                using var file = File.OpenRead(path);
                StrictJson.CheckLength(file.Length, FormatName, Limits.PredicateBytes);
                bytes = new byte[file.Length];
                file.ReadExactly(bytes);
                json = StrictJson.Parse(bytes, FormatName, Limits.PredicateBytes);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or MalformedDataException)
            {
                throw new ScannerException($"the VEX document '{path}' cannot be read: {e.Message}", innerException: e);
            }
            var isCycloneDx = Check(path, json, target);
            var copy = directory.File($"vex-{documents.Count}.json");
            File.WriteAllBytes(copy, bytes);
            documents.Add(new TrivyVex(path, copy, DigestAlgorithm.Sha256.Hash(bytes)) { IsCycloneDx = isCycloneDx });
        }
        return documents;
    }

    /// <summary>What Trivy left out, with the documents' own names; and what it left out without a document that says so.</summary>
    internal static (IReadOnlyList<Finding> Suppressed, IReadOnlyList<string> Gaps) Explain(
        IReadOnlyList<Finding> suppressed,
        IReadOnlyList<TrivyVex> documents,
        List<string> notes
    )
    {
        var explained = new List<Finding>();
        foreach (var finding in suppressed)
        {
            var suppression = finding.Suppression!;
            var document = documents.FirstOrDefault(d =>
                d.Copy == suppression.Source || (d.IsCycloneDx && suppression.Source == CycloneDxSource)
            );
            if (document is not null && Settled.Contains(suppression.Status) && finding.Class == FindingClass.Vulnerability)
            {
                explained.Add(finding with { Suppression = suppression with { Source = document.Path } });
            }
        }
        foreach (var document in documents)
        {
            var count = explained.Count(f => f.Suppression!.Source == document.Path);
            notes.Add($"VEX document {document.Path} ({document.Digest}) denies {count} findings");
        }
        var unexplained = suppressed.Count - explained.Count;
        return (explained, unexplained == 0 ? [] : [$"Trivy left out {unexplained} findings"]);
    }

    /// <returns>Whether it is CycloneDX.</returns>
    private static bool Check(string path, JsonElement json, TrivyTarget target)
    {
        var isObject = json.ValueKind == JsonValueKind.Object;
        if (isObject && json.TryGetProperty("bomFormat", out _))
        {
            if (target.Command != "sbom")
            {
                throw new ScannerException(
                    $"the VEX document '{path}' is CycloneDX, which is about the components of an SBOM only",
                    "scan the SBOM that it refers to, or give OpenVEX or CSAF"
                );
            }
            return true;
        }
        if (
            !isObject
            || !(
                (json.TryGetProperty("@context", out var context) && context.ToString().Contains("openvex", StringComparison.Ordinal))
                || (
                    json.TryGetProperty("document", out var csaf)
                    && csaf.ValueKind == JsonValueKind.Object
                    && csaf.TryGetProperty("csaf_version", out _)
                )
            )
        )
        {
            throw new ScannerException(
                $"the VEX document '{path}' is neither OpenVEX nor CSAF nor CycloneDX",
                "give a JSON document of one of these formats"
            );
        }
        return false;
    }
}
