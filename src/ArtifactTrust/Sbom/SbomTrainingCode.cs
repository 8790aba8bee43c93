using ArtifactTrust.Formats;
using ArtifactTrust.Sbom.Reading;

namespace ArtifactTrust.Sbom;

/// <summary>The code that a model was trained with.</summary>
/// <param name="Url">Where it is, an absolute address.</param>
/// <param name="Commit">The commit that ran, lower-case hex of 40 or 64 digits; null where it is not known.</param>
public sealed record SbomTrainingCode(string Url, string? Commit)
{
    /// <summary>Reads <c>URL</c> or <c>URL@COMMIT</c>.</summary>
    /// <exception cref="MalformedDataException">It is no absolute address, or what follows the last <c>@</c> of its path is no commit.</exception>
    public static SbomTrainingCode Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var at = text.LastIndexOf('@');
        // An @ before the path belongs to the address: ssh://git@host/repository.
        var isCommit = at > text.LastIndexOf('/') && at > 0;
        var url = isCommit ? text[..at] : text;
        var commit = isCommit ? text[(at + 1)..] : null;
        if (commit is not null && (commit.Length is not (40 or 64) || !commit.All(char.IsAsciiHexDigitLower)))
        {
            throw new MalformedDataException("training code", "$", "after @ a whole commit is expected: 40 or 64 lower-case hex digits");
        }
        return Iri.OrNull(url) is not null && Uri.TryCreate(url, UriKind.Absolute, out var uri) && uri.Host.Length > 0
            ? new SbomTrainingCode(url, commit)
            : throw new MalformedDataException(
                "training code",
                "$",
                "an absolute address is expected, such as https://host/owner/repository@COMMIT"
            );
    }

    /// <summary>The code as a part of a document.</summary>
    internal SbomComponent Component()
    {
        var name = new Uri(Url).AbsolutePath.Trim('/');
        name = name.EndsWith(".git", StringComparison.Ordinal) ? name[..^4] : name;
        return new SbomComponent(
            SbomComponentType.Application,
            $"code:{Url}{(Commit is null ? "" : "@" + Commit)}",
            name.Length == 0 ? Url : name
        )
        {
            Version = Commit,
            PackageUrl = Purl(name),
            ExternalReferences = [new SbomExternalReference("vcs", Url)],
        };
    }

    /// <summary>The package URL, for hosts that have a type of their own.</summary>
    /// <remarks>Spec: package-url types github and bitbucket: names in lower case.</remarks>
    private string? Purl(string path)
    {
        var type = new Uri(Url).Host switch
        {
            "github.com" => "github",
            "bitbucket.org" => "bitbucket",
            _ => null,
        };
        return
            type is null
            || path.Count(c => c == '/') != 1
            || path.Any(c => !char.IsAsciiLetterOrDigit(c) && c is not ('/' or '-' or '_' or '.'))
            ? null
            : $"pkg:{type}/{path.ToLowerInvariant()}{(Commit is null ? "" : "@" + Commit)}";
    }
}
