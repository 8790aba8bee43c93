namespace ArtifactTrust.Formats;

/// <summary>Upper bounds on everything read from outside, checked before memory is taken.</summary>
public static class Limits
{
    /// <summary>A Sigstore bundle, in bytes. A signed SBOM of a large image stays below it.</summary>
    public const int BundleBytes = 64 << 20;

    /// <summary>A file of bundles, one a line, in bytes.</summary>
    public const long BundleLinesBytes = 256L << 20;

    /// <summary>Bundles in one file or referrers of one image.</summary>
    public const int BundlesPerSubject = 10_000;

    /// <summary>A predicate given to be signed, in bytes.</summary>
    public const int PredicateBytes = 48 << 20;

    /// <summary>Nesting of JSON values.</summary>
    public const int JsonDepth = 64;

    /// <summary>A key file, in bytes.</summary>
    public const int KeyFileBytes = 64 << 10;

    /// <summary>A policy file, in bytes.</summary>
    public const int PolicyBytes = 1 << 20;

    /// <summary>Subjects of one statement.</summary>
    public const int StatementSubjects = 1024;

    /// <summary>Digests of one resource descriptor.</summary>
    public const int DigestsPerSubject = 32;

    /// <summary>Signatures in one DSSE envelope.</summary>
    public const int EnvelopeSignatures = 16;

    /// <summary>Files of one model or dataset.</summary>
    public const int ManifestEntries = 2_000_000;

    /// <summary>An OCI manifest or index, in bytes (distribution-spec 1.1, "Pushing Manifests": at least 4 MiB).</summary>
    public const int OciManifestBytes = 4 << 20;

    /// <summary>A scanner's report, in bytes.</summary>
    public const int ScanReportBytes = 256 << 20;

    /// <summary>Findings of one scan.</summary>
    public const int ScanFindings = 1_000_000;

    /// <summary>Values on the stack of a pickle that is followed; 8 bytes each.</summary>
    public const int PickleStack = 4 << 20;

    /// <summary>Values in the memo of a pickle that is followed; 8 bytes each.</summary>
    public const int PickleMemo = 4 << 20;

    /// <summary>Text of a pickle that is kept because it may become the name of an import, in bytes.</summary>
    public const int PickleTextBytes = 64 << 20;

    /// <summary>The longest single text of a pickle that can be the name of an import, in bytes.</summary>
    public const int PickleNameBytes = 1024;

    /// <summary>Different imports reported for one file.</summary>
    public const int PickleImports = 10_000;

    /// <summary>Archives and encoded pickles inside each other.</summary>
    public const int ModelFileNesting = 4;

    /// <summary>Members of one archive.</summary>
    public const int ArchiveMembers = 200_000;

    /// <summary>Bytes made by decompression while one file is examined.</summary>
    public const long InflatedBytes = 16L << 30;

    /// <summary>A compressed archive inside an archive, which is held in memory, in bytes.</summary>
    public const int NestedArchiveBytes = 64 << 20;

    /// <summary>The header of a NumPy array, in bytes; NumPy itself stops at 10,000.</summary>
    public const int NumpyHeaderBytes = 1 << 20;
}
