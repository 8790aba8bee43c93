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

    /// <summary>Components of an SBOM, written or read.</summary>
    public const int SbomComponents = 100_000;

    /// <summary>A text that a file says of itself and that an SBOM repeats, in UTF-16 units; the rest is cut off.</summary>
    public const int SbomTextLength = 4096;

    /// <summary>Columns, inputs, operators and the like of one file that an SBOM repeats.</summary>
    public const int SbomListedNames = 1000;

    /// <summary>A JSON file that tells about a model (<c>config.json</c> and its like), in bytes.</summary>
    public const int ModelConfigBytes = 4 << 20;

    /// <summary>The YAML front matter of a README, in bytes.</summary>
    public const int FrontMatterBytes = 1 << 20;

    /// <summary>A Croissant description of a dataset, in bytes.</summary>
    public const int CroissantBytes = 16 << 20;

    /// <summary>The header of a safetensors file, in bytes: what its reference implementation accepts.</summary>
    public const int SafetensorsHeaderBytes = 100_000_000;

    /// <summary>Tensors of one model file.</summary>
    public const int ModelTensors = 200_000;

    /// <summary>The footer of a Parquet file, in bytes.</summary>
    public const int ParquetFooterBytes = 64 << 20;

    /// <summary>The metadata of one Arrow message, in bytes.</summary>
    public const int ArrowMetadataBytes = 16 << 20;

    /// <summary>One token of a JSON data file, in bytes.</summary>
    public const int JsonTokenBytes = 16 << 20;

    /// <summary>The first record of a CSV file, in bytes.</summary>
    public const int CsvHeaderBytes = 1 << 20;

    /// <summary>Nesting of messages in protobuf, Thrift, flatbuffers and GGUF arrays.</summary>
    public const int BinaryDepth = 64;
}
