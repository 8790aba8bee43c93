namespace ArtifactTrust.Oci;

/// <summary>An image or artifact that an archive was made of.</summary>
/// <param name="Name">Its whole name where it came from, host, repository and tag; null where the archive does not say. Anyone may have written it.</param>
/// <param name="Tag">Its tag in the archive, or null.</param>
/// <param name="Descriptor">Its manifest.</param>
public sealed record ArchivedImage(string? Name, string? Tag, Descriptor Descriptor)
{
    /// <summary>The annotation with the whole name, as containerd's tools have it.</summary>
    internal const string NameAnnotation = "io.containerd.image.name";
}
