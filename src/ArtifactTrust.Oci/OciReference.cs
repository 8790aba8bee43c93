using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Oci;

/// <summary>
/// Names a manifest in a registry, an image layout or an archive: <c>[registry:]HOST/REPO[:TAG][@DIGEST]</c>, <c>oci-layout:DIR[:TAG][@DIGEST]</c>,
/// <c>oci-archive:FILE[:TAG][@DIGEST]</c> or <c>docker-archive:FILE[:TAG][@DIGEST]</c>.
/// </summary>
/// <remarks>
/// Where a digest is given it decides, and the tag is for people. No registry is ever assumed: <c>ubuntu</c> is refused.
/// Law: <c>Parse(r.ToString())</c> equals <c>r</c> for every <c>r</c> that <c>Parse</c> gave.
/// </remarks>
public abstract partial record OciReference
{
    private protected const string FormatName = "OCI reference";
    private const string RegistryPrefix = "registry:";
    private const string LayoutPrefix = "oci-layout:";
    private const string ArchivePrefix = "oci-archive:";
    private const string DockerPrefix = "docker-archive:";

    private protected OciReference(string? tag, Digest? digest)
    {
        Tag =
            tag is null || TagPattern().IsMatch(tag)
                ? tag
                : throw Malformed(tag, "a tag is 1 to 128 of [a-zA-Z0-9_.-], not starting with '.' or '-'");
        Digest = digest;
    }

    /// <summary>The tag, or null.</summary>
    public string? Tag { get; }

    /// <summary>The manifest's digest, or null.</summary>
    public Digest? Digest { get; }

    /// <summary>The place without tag and digest, for people.</summary>
    public abstract string Place { get; }

    /// <summary>Reads a reference.</summary>
    /// <exception cref="MalformedDataException">The text is not a reference; the reason says what to write instead.</exception>
    public static OciReference Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.StartsWith(LayoutPrefix, StringComparison.Ordinal))
        {
            var (directory, tag, digest) = SplitPath(text[LayoutPrefix.Length..]);
            return new LayoutReference(directory, tag, digest);
        }
        foreach (var prefix in (ReadOnlySpan<string>)[ArchivePrefix, DockerPrefix])
        {
            if (text.StartsWith(prefix, StringComparison.Ordinal))
            {
                var (file, tag, digest) = SplitPath(text[prefix.Length..]);
                return new ArchiveReference(file, prefix == DockerPrefix, tag, digest);
            }
        }
        // "registry:5000/app" is a host of that name with a port, as compose files have it: no host is all digits.
        return text.StartsWith(RegistryPrefix, StringComparison.Ordinal) && !HostNamedRegistry().IsMatch(text)
            ? ParseRegistry(text[RegistryPrefix.Length..], hostIsGiven: true)
            : ParseRegistry(text, hostIsGiven: false);
    }

    /// <summary>Place, tag and digest, in the form that <see cref="Parse"/> reads.</summary>
    public sealed override string ToString() => $"{Place}{(Tag is null ? "" : $":{Tag}")}{(Digest is null ? "" : $"@{Digest}")}";

    /// <summary>Throws where the text cannot be a tag.</summary>
    internal static string CheckTag(string tag) =>
        TagPattern().IsMatch(tag) ? tag : throw new ArgumentException($"'{Excerpt(tag)}' is not a tag", nameof(tag));

    private protected static MalformedDataException Malformed(string text, string reason) => new(FormatName, $"'{Excerpt(text)}'", reason);

    private static RegistryReference ParseRegistry(string text, bool hostIsGiven)
    {
        if (text is ['/', ..] or ['.', '/', ..] or ['.', '.', '/', ..])
        {
            throw Malformed(text, $"it is a path; an image layout is written {LayoutPrefix}{Excerpt(text)}");
        }
        var (rest, digest) = SplitDigest(text);
        var slash = rest.IndexOf('/', StringComparison.Ordinal);
        if (slash < 0 || (!hostIsGiven && !LooksLikeHost(rest[..slash])))
        {
            var repository = slash < 0 ? $"library/{rest}" : rest;
            throw Malformed(
                text,
                $"the registry's host is missing and none is assumed; for Docker Hub write docker.io/{Excerpt(repository)}"
            );
        }
        var host = rest[..slash];
        var name = rest[(slash + 1)..];
        var colon = name.IndexOf(':', StringComparison.Ordinal);
        return colon < 0
            ? new RegistryReference(host, name, null, digest)
            : new RegistryReference(host, name[..colon], name[(colon + 1)..], digest);
    }

    private static (string Path, string? Tag, Digest? Digest) SplitPath(string text)
    {
        var (rest, digest) = SplitDigest(text);
        var colon = rest.LastIndexOf(':');
        // A colon before the last slash belongs to a directory's name.
        return colon < 0 || rest.IndexOf('/', colon) >= 0 ? (rest, null, digest) : (rest[..colon], rest[(colon + 1)..], digest);
    }

    private static (string Name, Digest? Digest) SplitDigest(string text)
    {
        var at = text.LastIndexOf('@');
        if (at < 0 || text.IndexOf('/', at) >= 0)
        {
            return (text, null);
        }
        try
        {
            return (text[..at], Digest.Parse(text[(at + 1)..]));
        }
        catch (MalformedDataException e)
        {
            throw new MalformedDataException(FormatName, $"'{Excerpt(text)}'", e.Reason, e);
        }
    }

    private static bool LooksLikeHost(string text) => text is "localhost" || text.AsSpan().IndexOfAny('.', ':', '[') >= 0;

    private static string Excerpt(string text) => text.Length <= 80 ? text : $"{text.AsSpan(0, 80)}…";

    // Spec: distribution-spec 1.1, "Pulling manifests".
    [GeneratedRegex(@"\A[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}\z")]
    private static partial Regex TagPattern();

    [GeneratedRegex(@"\Aregistry:[0-9]{1,5}/")]
    private static partial Regex HostNamedRegistry();
}

/// <summary>A manifest in a registry.</summary>
public sealed partial record RegistryReference : OciReference
{
    private const string DockerHub = "docker.io";

    /// <summary>A reference of its parts.</summary>
    /// <param name="host">The registry's host, with a port where it is not the scheme's own.</param>
    /// <param name="repository">The repository in it. On docker.io a name without a slash is one below <c>library/</c>.</param>
    /// <param name="tag">The tag, or null; without a digest too it means <c>latest</c>.</param>
    /// <param name="digest">The manifest's digest, or null.</param>
    /// <exception cref="MalformedDataException">A part is not of its grammar.</exception>
    public RegistryReference(string host, string repository, string? tag = null, Digest? digest = null)
        : base(tag, digest)
    {
        ArgumentNullException.ThrowIfNull(host);
        ArgumentNullException.ThrowIfNull(repository);
        if ((long)host.Length + repository.Length + 1 > OciLimits.NameCharacters)
        {
            throw Malformed(host, $"host and repository together have more than {OciLimits.NameCharacters} characters");
        }
        Host = IsHost(host)
            ? host.ToLowerInvariant()
            : throw Malformed(host, "a host name or address, and a port where there is one, is expected");
        if (Host is "index.docker.io" or "registry-1.docker.io")
        {
            Host = DockerHub;
        }
        if (!RepositoryPattern().IsMatch(repository))
        {
            throw Malformed(
                repository,
                "a repository is lower-case letters and digits, with '.', '_', '__' or '-' inside a part and '/' between parts"
            );
        }
        Repository = Host == DockerHub && !repository.Contains('/', StringComparison.Ordinal) ? $"library/{repository}" : repository;
    }

    /// <summary>Host and port, lower case.</summary>
    public string Host { get; }

    /// <summary>The repository's name.</summary>
    public string Repository { get; }

    /// <inheritdoc/>
    public override string Place => LooksUnlikeHost ? $"registry:{Host}/{Repository}" : $"{Host}/{Repository}";

    /// <summary>Whether the host is this machine: <c>localhost</c>, 127.0.0.0/8 or ::1.</summary>
    public bool IsLoopback => IsLoopbackHost(HostName(Host));

    /// <summary>The host that answers the API; Docker Hub's is not the one in its names.</summary>
    internal string ApiHost => Host == DockerHub ? "registry-1.docker.io" : Host;

    private bool LooksUnlikeHost => Host != "localhost" && Host.AsSpan().IndexOfAny('.', ':', '[') < 0;

    internal static bool IsLoopbackHost(string name) =>
        string.Equals(name, "localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(name.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));

    private static string HostName(string host)
    {
        var colon = host.LastIndexOf(':');
        return colon < 0 || host.EndsWith(']') ? host : host[..colon];
    }

    private static bool IsHost(string host)
    {
        var match = HostPattern().Match(host);
        if (!match.Success)
        {
            return false;
        }
        var port = match.Groups["port"];
        if (port.Success && int.Parse(port.ValueSpan, System.Globalization.CultureInfo.InvariantCulture) is < 1 or > 65535)
        {
            return false;
        }
        var v6 = match.Groups["v6"];
        return !v6.Success || (IPAddress.TryParse(v6.ValueSpan, out var address) && address.AddressFamily == AddressFamily.InterNetworkV6);
    }

    [GeneratedRegex(
        @"\A(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*|\[(?<v6>[0-9a-fA-F:.]{2,45})\])(?::(?<port>[0-9]{1,5}))?\z"
    )]
    private static partial Regex HostPattern();

    // Spec: distribution-spec 1.1, "Pulling manifests".
    [GeneratedRegex(@"\A[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*\z")]
    private static partial Regex RepositoryPattern();
}

/// <summary>A manifest in an image layout on disk.</summary>
public sealed record LayoutReference : OciReference
{
    /// <summary>A reference of its parts.</summary>
    /// <param name="directory">The layout's directory.</param>
    /// <param name="tag">The tag, or null; without a digest too it means the layout's only manifest.</param>
    /// <param name="digest">The manifest's digest, or null.</param>
    /// <exception cref="MalformedDataException">There is no directory, or the tag is none.</exception>
    public LayoutReference(string directory, string? tag = null, Digest? digest = null)
        : base(tag, digest) =>
        Directory =
            !string.IsNullOrEmpty(directory) && !directory.Contains('\0', StringComparison.Ordinal)
                ? directory
                : throw Malformed(directory ?? "", "the layout's directory is missing");

    /// <summary>The layout's directory.</summary>
    public string Directory { get; }

    /// <inheritdoc/>
    public override string Place => $"oci-layout:{Directory}";
}

/// <summary>A manifest in a tar file: an image layout, or what <c>docker save</c> writes.</summary>
public sealed record ArchiveReference : OciReference
{
    /// <summary>A reference of its parts.</summary>
    /// <param name="file">The archive's file.</param>
    /// <param name="isDocker">Whether the archive is Docker's; else it is an image layout.</param>
    /// <param name="tag">The tag, or null; without a digest too it means the archive's only manifest.</param>
    /// <param name="digest">The manifest's digest, or null.</param>
    /// <exception cref="MalformedDataException">There is no file, or the tag is none.</exception>
    public ArchiveReference(string file, bool isDocker, string? tag = null, Digest? digest = null)
        : base(tag, digest)
    {
        File =
            !string.IsNullOrEmpty(file) && !file.Contains('\0', StringComparison.Ordinal)
                ? file
                : throw Malformed(file ?? "", "the archive's file is missing");
        IsDocker = isDocker;
    }

    /// <summary>The archive's file.</summary>
    public string File { get; }

    /// <summary>Whether the archive is what <c>docker save</c> writes.</summary>
    public bool IsDocker { get; }

    /// <inheritdoc/>
    public override string Place => $"{(IsDocker ? "docker-archive" : "oci-archive")}:{File}";
}
