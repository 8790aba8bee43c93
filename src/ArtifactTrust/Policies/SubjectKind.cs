namespace ArtifactTrust.Policies;

/// <summary>What kind of thing a subject is.</summary>
public enum SubjectKind
{
    /// <summary>Not known; no policy accepts it.</summary>
    Unknown,

    /// <summary>A directory: a model or a dataset of several files.</summary>
    Directory,

    /// <summary>One file.</summary>
    File,

    /// <summary>An OCI image or artifact.</summary>
    Image,
}

internal static class SubjectKinds
{
    /// <summary>The kind as policies and decisions write it.</summary>
    internal static string NameOf(SubjectKind kind) =>
        kind switch
        {
            SubjectKind.Directory => "directory",
            SubjectKind.File => "file",
            SubjectKind.Image => "image",
            _ => "unknown",
        };
}
