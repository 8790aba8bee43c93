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

    /// <summary>The smallest modulus of an RSA key that verifies, in bits.</summary>
    public const int RsaVerificationBits = 2048;

    /// <summary>The smallest modulus of an RSA key that signs, in bits (Sigstore algorithm registry).</summary>
    public const int RsaSigningBits = 3072;

    /// <summary>The largest modulus of an RSA key, in bits. Checking one signature takes milliseconds there.</summary>
    public const int RsaBits = 16384;

    /// <summary>Iterations of PBKDF2 for a key file's password: some seconds.</summary>
    public const int Pbkdf2Iterations = 10_000_000;

    /// <summary>Memory of scrypt for a key file's password, in bytes (128 · N · r, RFC 7914 §5).</summary>
    public const long ScryptMemoryBytes = 1L << 30;

    /// <summary>The cost N of scrypt for a key file's password.</summary>
    public const int ScryptCost = 1 << 20;

    /// <summary>The block size r of scrypt for a key file's password.</summary>
    public const int ScryptBlockSize = 32;

    /// <summary>The parallelization p of scrypt for a key file's password.</summary>
    public const int ScryptParallelization = 16;

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

    /// <summary>A signed note such as a log's checkpoint, in bytes. Post-quantum signatures take 5 kB each.</summary>
    public const int NoteBytes = 1 << 20;

    /// <summary>Signatures of one note. C2SP signed-note asks for at least 16.</summary>
    public const int NoteSignatures = 100;

    /// <summary>Hashes of one Merkle proof: one for each level of a tree of 2^64 leaves.</summary>
    public const int ProofHashes = 64;

    /// <summary>One entry of a tiled log, in bytes: its length is written in 16 bits (C2SP tlog-tiles, "Log entries").</summary>
    public const int LogEntryBytes = 65_535;

    /// <summary>Opaque extra data of a transparency log proof, in bytes.</summary>
    public const int ProofExtraBytes = 64 << 10;

    /// <summary>Reasons kept in one audit record.</summary>
    public const int AuditReasons = 256;

    /// <summary>One text of an audit record, such as a reason or a subject's name, in UTF-16 units.</summary>
    public const int AuditTextLength = 1024;

    /// <summary>Subjects of one audit record.</summary>
    public const int AuditSubjects = 256;

    /// <summary>Digests of evidence kept in one audit record.</summary>
    public const int AuditEvidence = 256;
}
