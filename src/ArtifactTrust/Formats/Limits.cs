namespace ArtifactTrust.Formats;

/// <summary>Upper bounds on everything read from outside, checked before memory is taken.</summary>
public static class Limits
{
    /// <summary>A Sigstore bundle, in bytes.</summary>
    public const int BundleBytes = 64 << 20;

    /// <summary>
    /// The signature of a model in a file of its own, in bytes; one of a million files stays below it. Registries, and files of many bundles, keep
    /// to <see cref="BundleBytes"/>.
    /// </summary>
    public const int ModelSignatureBytes = 256 << 20;

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

    /// <summary>A URI that names a key in hardware, in characters.</summary>
    public const int KeyUriCharacters = 4096;

    /// <summary>A file with a token's PIN, in bytes.</summary>
    public const int PinBytes = 1024;

    /// <summary>Slots of a PKCS#11 module, and objects of a token that one URI fits.</summary>
    public const int TokenObjects = 1024;

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

    /// <summary>Nesting of a policy's mappings and sequences.</summary>
    public const int PolicyDepth = 16;

    /// <summary>Values (keys, scalars, mappings and sequences) of one policy.</summary>
    public const int PolicyValues = 50_000;

    /// <summary>Keys of all identities of one policy.</summary>
    public const int PolicyKeys = 1024;

    /// <summary>A URI that a pattern of a policy may match, in characters; a longer one matches nothing.</summary>
    public const int PatternInput = 4096;

    /// <summary>Elements of one array of a predicate: findings of a scan, components of a BOM.</summary>
    public const int PredicateItems = 1_000_000;

    /// <summary>Subjects of one statement.</summary>
    public const int StatementSubjects = 1024;

    /// <summary>Digests of one resource descriptor.</summary>
    public const int DigestsPerSubject = 32;

    /// <summary>Signatures in one DSSE envelope.</summary>
    public const int EnvelopeSignatures = 16;

    /// <summary>Certificates in one bundle.</summary>
    public const int CertificatesPerBundle = 16;

    /// <summary>Transparency log entries in one bundle.</summary>
    public const int LogEntriesPerBundle = 32;

    /// <summary>Time-stamp tokens in one bundle.</summary>
    public const int TimestampsPerBundle = 32;

    /// <summary>One X.509 certificate, in bytes.</summary>
    public const int CertificateBytes = 64 << 10;

    /// <summary>Authorities above a certificate, the trust anchor included.</summary>
    public const int CertificatePathLength = 8;

    /// <summary>Signatures verified in search of one certificate path.</summary>
    public const int CertificatePathSignatures = 32;

    /// <summary>Certificates in one PEM file, and its size in bytes.</summary>
    public const int CertificateFileCertificates = 256;

    /// <inheritdoc cref="CertificateFileCertificates"/>
    public const int CertificateFileBytes = 4 << 20;

    /// <summary>Witnesses whose keys are given.</summary>
    public const int Witnesses = 100;

    /// <summary>Signed certificate timestamps in one certificate.</summary>
    public const int CertificateTimestamps = 32;

    /// <summary>A signature of the Notary Project in its envelope, in bytes. Those with a time stamp have some 10 kB.</summary>
    public const int NotationEnvelopeBytes = 1 << 20;

    /// <summary>Protected headers of a signature of the Notary Project, and names in its list of critical ones.</summary>
    public const int NotationHeaders = 64;

    /// <summary>Rules of a trust policy of the Notary Project; scopes, stores and identities of one rule.</summary>
    public const int NotationPolicyItems = 1000;

    /// <summary>One time-stamp response or token, in bytes.</summary>
    public const int TimestampBytes = 256 << 10;

    /// <summary>The body of one log entry of a bundle, in bytes: it repeats the payload of an attestation in some forms.</summary>
    public const int LogEntryBodyBytes = 48 << 20;

    /// <summary>A trusted root, in bytes.</summary>
    public const int TrustedRootBytes = 4 << 20;

    /// <summary>Logs or authorities of one kind in a trusted root.</summary>
    public const int TrustedInstances = 256;

    /// <summary>One part of a manifest that several machines made, in bytes.</summary>
    public const int ManifestPartBytes = 1 << 30;

    /// <summary>Files, or shards of files, of one model or dataset.</summary>
    public const int ManifestEntries = 2_000_000;

    /// <summary>A manifest of a directory in a file, in bytes.</summary>
    public const int ManifestFileBytes = 768 << 20;

    /// <summary>A cache of a directory's digests, in bytes: some hundred for each file.</summary>
    public const int HashCacheBytes = 768 << 20;

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

    /// <summary>Components of an SBOM, written or read.</summary>
    public const int SbomComponents = 100_000;

    /// <summary>A database of packages, a lock file or the metadata of a package, in bytes.</summary>
    public const int PackageFileBytes = 64 << 20;

    /// <summary>All such files of one image together, in bytes, which are held until all layers were seen.</summary>
    public const int ImagePackageBytes = 1 << 30;

    /// <summary>Members of all layers of one image.</summary>
    public const int ImageMembers = 10_000_000;

    /// <summary>Links, and files that are looked at or held, of one image.</summary>
    public const int ImageNodes = 2_000_000;

    /// <summary>A file in the layers of an image that is looked into for code, in bytes: as much room it may take for a while.</summary>
    public const long ImageModelFileBytes = 64L << 30;

    /// <summary>Texts of an image without an extension in their names, together, in bytes: held, since links may call them templates.</summary>
    public const int ImageTextBytes = 64 << 20;

    /// <summary>The layers of one image, uncompressed, in bytes.</summary>
    public const long ImageBytes = 512L << 30;

    /// <summary>How many times its size a layer may have uncompressed, once it is over 1 GiB.</summary>
    public const int ImageCompressionRatio = 500;

    /// <summary>A text that a file says of itself and that an SBOM repeats, in UTF-16 units; the rest is cut off.</summary>
    public const int SbomTextLength = 4096;

    /// <summary>Columns, inputs, operators and the like of one file that an SBOM repeats.</summary>
    public const int SbomListedNames = 1000;

    /// <summary>Errors that are told of one SBOM.</summary>
    public const int SbomErrors = 100;

    /// <summary>Values held against schemas while one document is validated.</summary>
    public const long SchemaSteps = 200_000_000;

    /// <summary>Documents merged into one.</summary>
    public const int SbomsMerged = 1000;

    /// <summary>Digests of one component of an SBOM: a lock file names one for every archive that a package is built as.</summary>
    public const int SbomHashes = 10_000;

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

    /// <summary>One value of a column that is examined for data about people, in bytes.</summary>
    public const int DataValueBytes = 16 << 20;

    /// <summary>One token of a JSON data file, in bytes.</summary>
    public const int JsonTokenBytes = 16 << 20;

    /// <summary>The first record of a CSV file, in bytes.</summary>
    public const int CsvHeaderBytes = 1 << 20;

    /// <summary>Nesting of messages in protobuf, Thrift, flatbuffers and GGUF arrays.</summary>
    public const int BinaryDepth = 64;

    /// <summary>A scanner's report, in bytes.</summary>
    public const int ScanReportBytes = 256 << 20;

    /// <summary>Findings of one scan.</summary>
    public const int ScanFindings = 1_000_000;

    /// <summary>Values on the stack of a pickle that is followed; 8 bytes each.</summary>
    public const int PickleStack = 4 << 20;

    /// <summary>Values in the memo of a pickle that is followed; 8 bytes each.</summary>
    public const int PickleMemo = 4 << 20;

    /// <summary>Text of a pickle that is kept because it may become the name of an import, in bytes.</summary>
    public const int PickleTextBytes = 32 << 20;

    /// <summary>The longest single text of a pickle that can be the name of an import, in bytes.</summary>
    public const int PickleNameBytes = 1024;

    /// <summary>Opcodes of a pickle that say a value twice. No pickler writes any.</summary>
    public const int PickleDuplicates = 100;

    /// <summary>Different imports reported for one file.</summary>
    public const int PickleImports = 10_000;

    /// <summary>A JSON file or template that is looked into for what a loader runs, in bytes. Large tokenizers are of 30 MB.</summary>
    public const int ModelJsonBytes = 48 << 20;

    /// <summary>Nesting of the layers of a Keras model, in levels of JSON.</summary>
    public const int KerasConfigDepth = 256;

    /// <summary>A template of a tokenizer, in UTF-16 units.</summary>
    public const int TemplateLength = 4 << 20;

    /// <summary>Words of one expression of a template.</summary>
    public const int TemplateTokens = 100_000;

    /// <summary>Nesting of brackets and conditions in an expression of a template.</summary>
    public const int TemplateDepth = 100;

    /// <summary>How often a template is gone through to learn what its names stand for: once more than values go from name to name.</summary>
    public const int TemplateRounds = 8;

    /// <summary>The header of one object of an HDF5 file with all its continuations, or one of the messages that it keeps in a heap, in bytes.</summary>
    public const int Hdf5HeaderBytes = 64 << 20;

    /// <summary>A block of a heap or a node of an index in an HDF5 file, in bytes. Libraries write 64 KiB at most.</summary>
    public const int Hdf5BlockBytes = 1 << 20;

    /// <summary>Objects, or nodes or records of one index, of an HDF5 file.</summary>
    public const int Hdf5Objects = 1_000_000;

    /// <summary>The name of an operator, or a path, in a graph, in bytes.</summary>
    public const int GraphTextBytes = 64 << 10;

    /// <summary>
    /// Names that are kept while one model file or archive is read (members, tensors, keys, operators), in characters; each counts for sixty more.
    /// </summary>
    public const int KeptNames = 32 << 20;

    /// <summary>Values of a JSON file that is looked into for what a loader runs. Large tokenizers have two million.</summary>
    public const int ModelJsonValues = 4_000_000;

    /// <summary>Bytes read while the objects of one HDF5 file are followed, those read again counted again.</summary>
    public const long Hdf5ReadBytes = 4L << 30;

    /// <summary>Decompressors with a large window (LZMA, xz, Zstandard) inside each other.</summary>
    public const int WindowNesting = 2;

    /// <summary>The window of LZMA data, in bytes: that of the highest level of xz.</summary>
    public const int LzmaWindowBytes = 64 << 20;

    /// <summary>The window of Zstandard data, in bytes: what RFC 8878 §3.1.1.1.2 asks every decoder to support.</summary>
    public const int ZstandardWindowBytes = 8 << 20;

    /// <summary>The window of Zstandard data where all is to be read that the <c>zstd</c> program reads unless it is told otherwise, in bytes.</summary>
    public const int ZstandardLargestWindowBytes = 128 << 20;

    /// <summary>Archives and encoded pickles inside each other.</summary>
    public const int ModelFileNesting = 4;

    /// <summary>Members of one archive.</summary>
    public const int ArchiveMembers = 200_000;

    /// <summary>The list of the members of a 7z archive, in bytes.</summary>
    public const int SevenZipHeaderBytes = 16 << 20;

    /// <summary>Pieces of a 7z archive that are compressed each by itself; in most there is one.</summary>
    public const int SevenZipFolders = 20_000;

    /// <summary>Coders of one such piece, and the streams that they take or give. Programs for Windows take four, and one more where they are encrypted.</summary>
    public const int SevenZipCoders = 16;

    /// <summary>How far into other content an archive of 7z is looked for, in bytes: as far as 7-Zip does.</summary>
    public const int SevenZipPrefixBytes = 8 << 20;

    /// <summary>A member of a zip archive that is read to its end for its checksum alone, in bytes. Tensors are larger, and are not read.</summary>
    public const int ZipCheckedBytes = 1 << 20;

    /// <summary>Bytes made by decompression while one file is examined.</summary>
    public const long InflatedBytes = 16L << 30;

    /// <summary>A compressed archive inside an archive, which is held in memory, in bytes.</summary>
    public const int NestedArchiveBytes = 64 << 20;

    /// <summary>The header of a NumPy array, in bytes; NumPy itself stops at 10,000.</summary>
    public const int NumpyHeaderBytes = 1 << 20;

    /// <summary>A TUF root file, in bytes (TUF 1.0 §5.3.3, W).</summary>
    public const int TufRootBytes = 512 << 10;

    /// <summary>A TUF timestamp file, in bytes (TUF 1.0 §5.4.1, X).</summary>
    public const int TufTimestampBytes = 64 << 10;

    /// <summary>A TUF snapshot file, in bytes (TUF 1.0 §5.5.1, Y).</summary>
    public const int TufSnapshotBytes = 4 << 20;

    /// <summary>A TUF targets file, also of a delegated role, in bytes (TUF 1.0 §5.6.1, Z).</summary>
    public const int TufTargetsBytes = 16 << 20;

    /// <summary>A file that TUF metadata describes and that is held in memory, in bytes.</summary>
    public const int TufTargetBytes = 64 << 20;

    /// <summary>New roots that one TUF update takes (TUF 1.0 §5.3.3, Y); the next update takes up where it ended.</summary>
    public const int TufRootUpdates = 1024;

    /// <summary>Targets roles that one search visits (TUF 1.0 §5.6.7.1), which also bounds its depth.</summary>
    public const int TufRolesVisited = 32;

    /// <summary>Keys or signatures of one TUF file, and keys of one role.</summary>
    public const int TufKeys = 1024;

    /// <summary>Roles that one TUF file delegates to, and files that a snapshot lists. Hashed bins are up to 16,384.</summary>
    public const int TufRoles = 32_768;

    /// <summary>Files that one TUF targets file describes.</summary>
    public const int TufTargets = 100_000;

    /// <summary>Paths or path hash prefixes of one TUF delegation.</summary>
    public const int TufPaths = 10_000;

    /// <summary>A name in TUF metadata (of a role, a key or a file), in UTF-16 units.</summary>
    public const int TufNameLength = 1024;

    /// <summary>A file name that a TUF role or target has in the local cache, in bytes; longer ones are hashed. Linux takes 255.</summary>
    public const int TufFileNameBytes = 180;

    /// <summary>A signing service's answer that holds certificates, in bytes.</summary>
    public const int CertificateAnswerBytes = 1 << 20;

    /// <summary>A transparency log's answer beside the entry's body, in bytes.</summary>
    public const int LogAnswerBytes = 2 << 20;

    /// <summary>A signing service's explanation of a refusal, in bytes.</summary>
    public const int ServiceErrorBytes = 64 << 10;

    /// <summary>An identity token (JWT), in UTF-16 units. CI systems give 1 to 4 kB.</summary>
    public const int IdentityTokenLength = 64 << 10;

    /// <summary>An answer of an OpenID Connect issuer or of a service that hands out identity tokens, in bytes.</summary>
    public const int OidcAnswerBytes = 256 << 10;

    /// <summary>Audiences of one identity token.</summary>
    public const int TokenAudiences = 64;
}
