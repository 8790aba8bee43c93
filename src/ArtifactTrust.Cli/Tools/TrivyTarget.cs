using ArtifactTrust.Hashing;

namespace ArtifactTrust.Cli.Tools;

/// <summary>What Trivy is to scan: an image by digest, an image layout, an archive, a directory or an SBOM.</summary>
/// <remarks>Paths are made absolute, so that none can be taken for an option or for something in Trivy's working directory.</remarks>
internal sealed class TrivyTarget
{
    private TrivyTarget(string command, string name, string value, Digest? digest)
    {
        Command = command;
        Name = name;
        Value = value;
        Digest = digest;
    }

    /// <summary>Trivy's command: <c>image</c>, <c>fs</c>, <c>rootfs</c> or <c>sbom</c>.</summary>
    public string Command { get; }

    /// <summary>What the caller called it.</summary>
    public string Name { get; }

    /// <summary>The digest of the image's manifest, where the target is bound to one.</summary>
    public Digest? Digest { get; }

    /// <summary>The full path or the reference.</summary>
    internal string Value { get; }

    /// <summary>Whether the image is fetched from a registry.</summary>
    internal bool IsRemote { get; private init; }

    /// <summary>Whether files are looked at as they are, and not as an image or an SBOM.</summary>
    internal bool IsDirectory => Command == "fs" || IsInstalledSystem;

    /// <summary>Whether what counts in a directory is what is installed.</summary>
    internal bool IsInstalledSystem => Command == "rootfs";

    /// <summary>Whether <see cref="Value"/> is an image layout; then <see cref="Tag"/> or <see cref="Digest"/> says which image of it.</summary>
    internal bool IsLayout { get; private init; }

    /// <summary>The tag of an image in a layout.</summary>
    internal string? Tag { get; private init; }

    /// <summary>An image in a registry.</summary>
    /// <param name="repository">The registry and repository, such as <c>ghcr.io/acme/infer</c>.</param>
    /// <param name="digest">The digest of its manifest or index. A tag is not taken: what was scanned must be what is used.</param>
    /// <exception cref="ArgumentException">The repository would be taken for an option.</exception>
    public static TrivyTarget Registry(string repository, Digest digest)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(repository);
        ArgumentNullException.ThrowIfNull(digest);
        if (repository.StartsWith('-') || repository.Contains('@', StringComparison.Ordinal))
        {
            throw new ArgumentException($"'{repository}' is not a repository", nameof(repository));
        }
        var reference = $"{repository}@{digest}";
        return new TrivyTarget("image", reference, reference, digest) { IsRemote = true };
    }

    /// <summary>An image in an OCI image layout, by digest.</summary>
    public static TrivyTarget Layout(string directory, Digest digest)
    {
        ArgumentNullException.ThrowIfNull(digest);
        return new TrivyTarget("image", $"{directory}@{digest}", FullPath(directory), digest) { IsLayout = true };
    }

    /// <summary>An image in an OCI image layout, by tag. The report is then bound to no digest.</summary>
    public static TrivyTarget Layout(string directory, string tag)
    {
        ArgumentException.ThrowIfNullOrEmpty(tag);
        return new TrivyTarget("image", $"{directory}:{tag}", FullPath(directory), null) { IsLayout = true, Tag = tag };
    }

    /// <summary>A tar archive as <c>docker save</c> writes it. An archive of an image layout is not read by Trivy.</summary>
    public static TrivyTarget Archive(string path) => new("image", path, FullPath(path), null);

    /// <summary>A directory of files: lock files, configurations, secrets.</summary>
    public static TrivyTarget Directory(string path) => new("fs", path, FullPath(path), null);

    /// <summary>A directory with an installed system: its packages are those installed, not those that lock files name.</summary>
    public static TrivyTarget RootFileSystem(string path) => new("rootfs", path, FullPath(path), null);

    /// <summary>A CycloneDX or SPDX document.</summary>
    public static TrivyTarget Sbom(string path) => new("sbom", path, FullPath(path), null);

    private static string FullPath(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
    }
}
