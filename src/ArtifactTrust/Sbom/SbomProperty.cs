namespace ArtifactTrust.Sbom;

/// <summary>A name and value for what the SBOM format has no field for. One name may occur more than once.</summary>
/// <param name="Name">The name, such as <c>artifact-trust:format</c>; the folder's README lists all.</param>
/// <param name="Value">The value.</param>
public sealed record SbomProperty(string Name, string Value);

/// <summary>The names of the properties that a policy or another tool may look for.</summary>
public static class SbomPropertyNames
{
    /// <summary>What every name starts with.</summary>
    public const string Prefix = "artifact-trust:";

    /// <summary>SHA-256 over the files' raw digests in order, lower-case hex: the OMS root, which <c>sign</c> signs.</summary>
    public const string OmsRoot = Prefix + "oms-root:sha256";

    /// <summary>The in-toto <c>dirHash</c> in lower-case hex: it binds the files' names and contents.</summary>
    public const string DirHash = Prefix + "dir-hash:sha256";

    /// <summary>The format a file was recognized as, such as <c>onnx</c>.</summary>
    public const string Format = Prefix + "format";

    /// <summary>A file's size in bytes.</summary>
    public const string Size = Prefix + "size";

    /// <summary>Why a file of a recognized format could not be read. Its digest is listed all the same.</summary>
    public const string Unreadable = Prefix + "unreadable";

    /// <summary>The number of elements of all tensors of a model.</summary>
    public const string Parameters = Prefix + "parameters";

    /// <summary>The number of records of a dataset.</summary>
    public const string Rows = Prefix + "rows";

    /// <summary>The number of columns of a dataset.</summary>
    public const string ColumnCount = Prefix + "columns";

    /// <summary>One column of a dataset: its name and, after a colon and a blank, its type where the file says one.</summary>
    public const string Column = Prefix + "column";

    /// <summary>When a component was made, RFC 3339.</summary>
    public const string Built = Prefix + "built";

    /// <summary>When a component was released, RFC 3339.</summary>
    public const string Released = Prefix + "released";

    /// <summary>The sum of the sizes of a subject's files, in bytes.</summary>
    public const string TotalSize = Prefix + "total-size";

    /// <summary>A file whose digest differs from the one that a dataset's description gives for it.</summary>
    public const string DigestMismatch = Prefix + "declared-digest-differs";
}
