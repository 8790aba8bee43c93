namespace ArtifactTrust.Oci;

/// <summary>What one writer wants under a tag that several write to: its own part, and all that it ever saw there.</summary>
internal abstract class TagContent
{
    /// <summary>Remembers what is under the tag, so that it is put back where a write undoes it.</summary>
    /// <exception cref="Formats.MalformedDataException">It is not what belongs there.</exception>
    internal abstract void See(StoredManifest current);

    /// <summary>Makes what is to be under the tag from what is there.</summary>
    /// <param name="current">What is there; null where the tag is not.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <returns>The manifest to store, or null where nothing is missing.</returns>
    /// <exception cref="Formats.MalformedDataException">What is there is not what belongs there, so nothing may be written over it; or it is full.</exception>
    internal abstract Task<StoredManifest?> MergeAsync(StoredManifest? current, CancellationToken cancellation);
}
