namespace ArtifactTrust.Oci;

/// <summary>How a blob came to a store.</summary>
internal enum BlobTransfer
{
    /// <summary>Not yet.</summary>
    None,

    /// <summary>It was there.</summary>
    Present,

    /// <summary>The registry took it from another repository of its own.</summary>
    Mounted,

    /// <summary>It was fetched and sent.</summary>
    Copied,
}
